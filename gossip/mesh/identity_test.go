package mesh

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/gossip/mesh/memnet"
)

// shake lets two identities meet over a connection and returns what each says.
func shake(t *testing.T, dialer, acceptor *identity) (dialed, accepted error) {
	t.Helper()
	network := memnet.New(1)
	a, _ := network.Host("10.0.0.1:1")
	b, _ := network.Host("10.0.0.2:1")
	out, err := a.DialTimeout("10.0.0.2:1", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	by := time.Now().Add(20 * time.Second)
	done := make(chan error)
	go func() {
		in := <-b.StreamCh()
		_, err := acceptor.accept(t.Context(), in, by)
		_ = in.Close()
		done <- err
	}()
	_, dialed = dialer.dial(t.Context(), out, by)
	_ = out.Close()
	return dialed, <-done
}

func TestRingsWithTheOthersOwnKeyMeet(t *testing.T) {
	ring := func(keys ...string) (ks [][]byte) {
		for _, k := range keys {
			ks = append(ks, key(t, k))
		}
		return ks
	}
	for _, tt := range []struct {
		name           string
		dials, accepts [][]byte
		label          string
		want           error
	}{
		{"the same key", ring("a"), ring("a"), "test", nil},
		{"no key on either side", nil, nil, "test", nil},
		{"first restart", ring("old"), ring("old", "new"), "test", nil},
		{"second restart", ring("old", "new"), ring("new", "old"), "test", nil},
		{"third restart", ring("new", "old"), ring("new"), "test", nil},
		{"a restart left out", ring("old", "new"), ring("new"), "test", ErrDiffers},
		{"another key", ring("a"), ring("b"), "test", ErrDiffers},
		{"another name", ring("a"), ring("a"), "other", ErrDiffers},
		{"another name without key", nil, nil, "other", ErrDiffers},
		{"a name that begins the same", nil, nil, "tes", ErrDiffers},
	} {
		for _, swap := range []bool{false, true} {
			a, err := newIdentity(tt.dials, "test")
			if err != nil {
				t.Fatal(err)
			}
			b, err := newIdentity(tt.accepts, tt.label)
			if err != nil {
				t.Fatal(err)
			}
			if swap {
				a, b = b, a
			}
			dialed, accepted := shake(t, a, b)
			if !errors.Is(dialed, tt.want) || !errors.Is(accepted, tt.want) {
				t.Errorf("%s (swapped: %v): dialer says %v, acceptor %v; want %v", tt.name, swap, dialed, accepted, tt.want)
			}
		}
	}
}

func TestIdentityIsTheSameOnEveryNode(t *testing.T) {
	a, _ := newIdentity([][]byte{key(t, "k")}, "test")
	b, _ := newIdentity([][]byte{key(t, "k")}, "test")
	if string(a.config.Certificates[0].Certificate[0]) != string(b.config.Certificates[0].Certificate[0]) {
		t.Error("two nodes derive different certificates from one key")
	}
	if a.config.MinVersion != tls.VersionTLS13 || !a.config.SessionTicketsDisabled {
		t.Error("streams may be older than TLS 1.3, or resumed")
	}
}

func TestClientWithoutOurCertificateIsRefused(t *testing.T) {
	id, err := newIdentity([][]byte{key(t, "k")}, "test")
	if err != nil {
		t.Fatal(err)
	}
	other := id.config.Clone()
	other.VerifyConnection = nil
	for name, change := range map[string]func(*tls.Config){
		"no certificate":   func(c *tls.Config) { c.Certificates = nil },
		"another protocol": func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"no protocol":      func(c *tls.Config) { c.NextProtos = nil },
		"TLS 1.2":          func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
	} {
		stranger := &identity{label: "test", config: other.Clone()}
		change(stranger.config)
		if dialed, accepted := shake(t, stranger, id); dialed == nil || accepted == nil {
			t.Errorf("%s: dialer says %v, acceptor %v; want errors", name, dialed, accepted)
		}
	}
}

func TestWrongKeyIsSaidOnBothSidesOnce(t *testing.T) {
	for name, tt := range map[string]struct{ a, b func(*Config) }{
		"other key":   {func(c *Config) { c.Keys = [][]byte{key(t, "a")} }, func(c *Config) { c.Keys = [][]byte{key(t, "b")} }},
		"other name":  {func(c *Config) { c.Cluster = "one" }, func(c *Config) { c.Cluster = "two" }},
		"key to none": {func(c *Config) {}, func(c *Config) { c.Keys = [][]byte{key(t, "b")} }},
		"none to key": {func(c *Config) { c.Keys = [][]byte{key(t, "a")} }, func(c *Config) {}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			cfg.Interval = 20 * time.Millisecond // seeds are tried on at this pace
			tt.a(&cfg)
			a := start(t, cfg)
			cfg = config()
			cfg.Interval = 20 * time.Millisecond
			tt.b(&cfg)
			cfg.Seeds = []string{a.m.Addr()}
			b := start(t, cfg)
			b.until("its seeds tried", func() bool { return b.tried == 1 })
			waitFor(t, "several refusals", func() bool {
				return a.m.Stats().Refused > 3 && b.m.Stats().Refused > 3
			})
			if n := b.log.count("peer " + a.m.Addr() + ": gossip key or cluster name differs"); n != 1 {
				t.Errorf("who dialed says %d times what is wrong, want once\n%s", n, b.log)
			}
			if n := a.log.count("peer 127.0.0.1: gossip key or cluster name differs"); n != 1 {
				t.Errorf("who accepted says %d times what is wrong, want once\n%s", n, a.log)
			}
			if len(a.m.Members()) != 1 || len(b.m.Members()) != 1 {
				t.Error("the clusters have mixed")
			}
		})
	}
}

func TestKeysAreReadFromBase64(t *testing.T) {
	made, err := ParseKey(NewKey())
	if err != nil || len(made) != 32 {
		t.Errorf("a new key has %d bytes, %v", len(made), err)
	}
	for _, ok := range []string{"AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA", " " + strings.Repeat("-_", 16) + "\n", strings.Repeat("+/", 16)} {
		if _, err := ParseKey(ok); err != nil {
			t.Errorf("ParseKey(%q): %v", ok, err)
		}
	}
	for in, want := range map[string]string{
		"":         "gossip key of 0 bytes, want 16, 24 or 32",
		"AAAA":     "gossip key of 3 bytes, want 16, 24 or 32",
		"pass*rd!": "gossip key of 8 characters is not base64",
	} {
		if _, err := ParseKey(in); err == nil || err.Error() != want {
			t.Errorf("ParseKey(%q) says %v, want %s", in, err, want)
		}
	}
}
