package mesh

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/rollcall-presence/rollcall/channels"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m) // memberlist's last probe ends within goleak's patience
}

// two starts two nodes, the second seeded with the first.
func two(t *testing.T, change func(*Config)) (a, b *node) {
	t.Helper()
	cfg := config()
	change(&cfg)
	a = start(t, cfg)
	cfg = config()
	change(&cfg)
	cfg.Seeds = []string{a.m.Addr()}
	b = start(t, cfg)
	return a, b
}

func TestTwoNodesMeetOnOnePort(t *testing.T) {
	for name, keys := range map[string][][]byte{
		"with a key":    {key(t, "k")},
		"without a key": nil,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := two(t, func(c *Config) { c.Keys, c.Meta = keys, []byte("meta") })
			for _, p := range []struct{ n, other *node }{{a, b}, {b, a}} {
				p.n.until("the other as a member", func() bool {
					info := p.n.met[p.other.id]
					return info.Addr == p.other.m.Addr() && info.Name == "label" && string(info.Meta) == "meta"
				})
				p.n.until("seeds tried once", func() bool { return p.n.tried == 1 })
				if got := p.n.m.Members(); len(got) != 2 {
					t.Errorf("%d members, want 2", len(got))
				}
			}

			a.send(b, "datagram")
			b.until("a datagram", b.got("datagram"))
			a.until("a sign of life on a probe's answer", a.got("ack of "+b.id.String()))

			a.dial(b)
			b.until("the frame of who dialed", func() bool { return b.heardFrom(a.id) })
			a.until("the frame of who accepted", func() bool { return a.heardFrom(b.id) })
			a.act(func() {
				for l, s := range a.links {
					s.out = append(s.out, largeFrame(a), largeFrame(a))
					a.fx.Wakes = append(a.fx.Wakes, l)
				}
			})
			b.until("two large frames after it", func() bool {
				return len(b.received) == 3 && len(b.received[2].Resumed) == len(largeFrame(a).Resumed)
			})
			if s := b.m.Stats(); s.Garbage != 0 || s.Refused != 0 || s.Accepted != 1 || s.Streams != 1 {
				t.Errorf("stats of a good cluster: %+v", s)
			}
		})
	}
}

func TestWhoeverLeavesIsSoonOffTheList(t *testing.T) {
	a, b := two(t, func(c *Config) { c.Keys = [][]byte{key(t, "k")} })
	a.until("the other", func() bool { return a.met[b.id].Addr != "" })
	b.until("the other", func() bool { return b.met[a.id].Addr != "" })
	if err := b.m.Leave(context.Background()); err != nil {
		t.Errorf("leave: %v", err)
	}
	a.until("its absence", func() bool { return a.suspected[b.id] })
}

func TestDialThatFailsIsTold(t *testing.T) {
	a, b := start(t, config()), start(t, config())
	b.m.Close()
	a.dial(b)
	a.until("the failure", func() bool { return a.failed == 1 })
	if s := a.m.Stats(); s.DialsFailed != 1 {
		t.Errorf("%d dials failed, want 1", s.DialsFailed)
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	a := start(t, config())
	cfg := config()
	cfg.Listen = a.m.Addr()
	_, err := newMesh(cfg, a.do)
	if err == nil || !strings.Contains(err.Error(), a.m.Addr()+": address already in use") {
		t.Errorf("second node on the port: %v", err)
	}
}

func TestCloseBeforeStartFreesThePort(t *testing.T) {
	n := newNode(t, config())
	addr := n.m.Addr()
	n.m.Close()
	n.m.Close()
	cfg := config()
	cfg.Listen = addr
	start(t, cfg)
	if err := n.m.Start(); err == nil {
		t.Error("a closed mesh starts")
	}
}

func TestConfigThatCannotWorkIsRefused(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*Config)
	}{
		{"node id", func(c *Config) { c.ID = channels.NodeID{} }},
		{"interval", func(c *Config) { c.Interval = 0 }},
		{"cluster name of 0 bytes", func(c *Config) { c.Cluster = "" }},
		{"cluster name of 256 bytes", func(c *Config) { c.Cluster = strings.Repeat("x", 256) }},
		{"key of 5 bytes", func(c *Config) { c.Keys = [][]byte{[]byte("short")} }},
		{"meta of 512 bytes", func(c *Config) { c.Meta = make([]byte, 512-len(c.Name)) }},
		{"a gossip key is needed", func(c *Config) { c.Listen = "0.0.0.0:0" }},
		{"want host:port", func(c *Config) { c.Listen = "::1]:7946" }},
		{"port \"99999\"", func(c *Config) { c.Listen = "127.0.0.1:99999" }},
		{"others cannot reach", func(c *Config) { c.Advertise = "0.0.0.0" }},
		{"an address to advertise", func(c *Config) { c.Listen, c.Keys = "[::]:0", [][]byte{key(t, "k")} }},
	} {
		cfg := config()
		tt.change(&cfg)
		m, err := newMesh(cfg, nil)
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", err, tt.want)
		}
	}
}

func TestAddressesMayLackTheirPort(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1":        "10.0.0.1:7946",
		"10.0.0.1:1":      "10.0.0.1:1",
		"::1":             "[::1]:7946",
		"[::1]":           "[::1]:7946",
		"[::1]:2":         "[::1]:2",
		"::ffff:10.0.0.1": "10.0.0.1:7946",
		"many.example":    "10.1.0.1:7946 10.1.0.2:7946",
		"many.example:3":  "10.1.0.1:3 10.1.0.2:3",
	} {
		var got []string
		found, err := resolve(t.Context(), names{"many.example": {"10.1.0.1", "10.1.0.2"}}, in, DefaultPort)
		for _, addr := range found {
			got = append(got, addr.String())
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("resolve(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
}

// names is a resolver of fixed names.
type names map[string][]string

func (n names) LookupNetIP(_ context.Context, _, host string) (ips []netip.Addr, err error) {
	for _, ip := range n[host] {
		ips = append(ips, netip.MustParseAddr(ip))
	}
	return ips, nil
}
