package main

import (
	"encoding/base64"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// promised is every flag of serve that others build on, and its default: what is
// taken if nothing is said, or in words what the node then does.
var promised = map[string]string{
	"name": "the host name", "listen": "127.0.0.1:8080", "admin": "127.0.0.1:9090", "admin-key": "",
	"gossip": "127.0.0.1:7946", "advertise": "the same", "join": "", "gossip-key": "", "cluster": "rollcall",
	"jwt-secret": "", "jwt-public-key": "", "jwks-url": "", "jwks-file": "", "jwt-issuer": "", "jwt-audience": "",
	"username-claim": "username", "jwt-leeway": "5s",
	"interval": "10s", "timeout": "interval × 1.3, which is the least", "grace": "timeout − interval",
	"drain":           "10s, or twice the grace if that is more",
	"public-channels": "* for tokens without rights of their own", "max-roster": "2000",
	"origins": "the node's own host", "allow-anonymous": "", "allow-query-token": "",
	"max-frame": "16KiB", "max-data": "4KiB", "max-channels": "100",
	"max-user-sessions": "100", "max-sessions": "none but the open files that the system allows", "rate": "50/200",
	"tls-cert": "", "tls-key": "", "webhook-url": "", "webhook-secret": "",
	"log-level": "info", "log-format": "text", "config": "",
}

func serveFlags(t *testing.T) []*kong.Flag {
	t.Helper()
	parser, err := newParser(process{}, &sources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		if command.Name == "serve" {
			return command.Flags
		}
	}
	t.Fatal("no command serve")
	return nil
}

func TestServeHasTheFlagsAndDefaultsThatArePromised(t *testing.T) {
	left := len(promised)
	for _, f := range serveFlags(t) {
		want, known := promised[f.Name]
		if got := f.Default + f.Tag.Get("otherwise"); !known || got != want {
			t.Errorf("--%s: default %q, promised %q (%v)", f.Name, got, want, known)
		}
		if f.Group == nil || f.Help == "" {
			t.Errorf("--%s has no group or no help", f.Name)
		}
		left--
	}
	if left != 0 {
		t.Errorf("%d flags are promised and missing", left)
	}
}

func TestServeWithoutFlagsIsTheZeroConfig(t *testing.T) {
	var s shell
	if code := s.run("serve", "--allow-anonymous"); code != exitOK {
		t.Fatalf("exit %d: %s", code, s.stderr.String())
	}
	got := s.served[0]
	want := node.Config{
		Listen: "127.0.0.1:8080", Admin: "127.0.0.1:9090", Gossip: "127.0.0.1:7946", Cluster: "rollcall",
		Interval: 10 * time.Second, MaxRoster: 2000, MaxFrame: 16 << 10, MaxData: 4 << 10, MaxChannels: 100,
		MaxUserSessions: 100, Rate: node.Rate{PerSecond: 50, Burst: 200},
		Auth: auth.Config{UsernameClaim: "username", Leeway: 5 * time.Second}, AllowAnonymous: true, Logger: got.Logger,
	}
	if got.Logger == nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// Every field of node.Config and auth.Config that a person may set has one flag,
// and each flag says which.
func TestEveryFieldHasItsFlag(t *testing.T) {
	flags := make(map[string]int)
	for _, f := range serveFlags(t) {
		flags[f.Tag.Get("field")]++
	}
	delete(flags, "") // config, log-level, log-format
	want := make(map[string]int)
	for _, f := range reflect.VisibleFields(reflect.TypeFor[node.Config]()) {
		if f.IsExported() { // the rest is for tests of package node
			want[f.Name] = 1
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[auth.Config]()) {
		want["Auth."+f.Name] = 1
	}
	for _, code := range []string{"Auth", "Logger", "Auth.Log", "Auth.HTTPClient"} {
		delete(want, code) // set by code alone
	}
	if !reflect.DeepEqual(flags, want) {
		t.Errorf("flags by field %v\nwant %v", flags, want)
	}
}

func TestEveryFlagReachesTheNode(t *testing.T) {
	pem := write(t, "key.pem", "-----BEGIN PUBLIC KEY-----\n")
	set := write(t, "keys.json", `{"keys":[]}`)
	adminKeys := write(t, "admin.keys", "first\nsecond\n")
	gossipKey := strings.Repeat("k", 32)
	var s shell
	code := s.run("serve", "--name=n", "--listen=:1", "--admin=:2", "--admin-key=@"+adminKeys, "--gossip=0.0.0.0:3",
		"--advertise=10.0.0.1:4", "--join=a,b", "--gossip-key="+base64.StdEncoding.EncodeToString([]byte(gossipKey)), "--cluster=c",
		"--jwt-secret=@"+write(t, "secret", "se cret\n"), "--jwt-public-key=@"+pem, "--jwks-url=https://h/k", "--jwks-file="+set,
		"--jwt-issuer=i", "--jwt-audience=u", "--username-claim=sub", "--jwt-leeway=0s",
		"--interval=20s", "--timeout=30s", "--grace=5s", "--drain=15s", "--public-channels=p*", "--max-roster=5",
		"--origins=o", "--allow-anonymous", "--allow-query-token", "--max-frame=32KiB", "--max-data=1KiB", "--max-channels=6",
		"--tls-cert=t", "--tls-key=y", "--max-user-sessions=7", "--max-sessions=8", "--rate=9/10",
		"--webhook-url=https://h/w", "--webhook-secret=@"+write(t, "hook", "ho,ok\n"))
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, s.stderr.String())
	}
	got := s.served[0]
	want := node.Config{
		Name: "n", Listen: ":1", Admin: ":2", AdminKeys: []string{"first", "second"}, Gossip: "0.0.0.0:3",
		Advertise: "10.0.0.1:4", Join: []string{"a", "b"}, GossipKeys: [][]byte{[]byte(gossipKey)}, Cluster: "c",
		Auth: auth.Config{
			Secrets: []auth.Secret{auth.Secret("se cret")}, PublicKeys: [][]byte{[]byte("-----BEGIN PUBLIC KEY-----")},
			KeySetURLs: []string{"https://h/k"}, KeySets: []auth.Secret{auth.Secret(`{"keys":[]}`)},
			Issuers: []string{"i"}, Audiences: []string{"u"}, UsernameClaim: "sub",
		},
		Interval: 20 * time.Second, Timeout: 30 * time.Second, Grace: 5 * time.Second, Drain: 15 * time.Second, PublicChannels: []string{"p*"}, MaxRoster: 5,
		Origins: []string{"o"}, AllowAnonymous: true, AllowQueryToken: true, MaxFrame: 32 << 10, MaxData: 1 << 10, MaxChannels: 6,
		TLSCert: "t", TLSKey: "y", MaxUserSessions: 7, MaxSessions: 8, Rate: node.Rate{PerSecond: 9, Burst: 10},
		WebhookURL: "https://h/w", WebhookSecret: auth.Secret("ho,ok"),
		Logger: got.Logger,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[node.Config]()) {
		if f.IsExported() && reflect.ValueOf(want).FieldByIndex(f.Index).IsZero() {
			t.Errorf("field %s is not tested here", f.Name)
		}
	}
}

func TestGraceOfZeroIsNotTheDefault(t *testing.T) {
	var s shell
	if code := s.run("serve", "--jwt-secret=s", "--grace=0"); code != exitOK || s.served[0].Grace != node.NoGrace {
		t.Errorf("exit %d, served %+v; want no grace", code, s.served)
	}
}

func TestADrainShorterThanTwoGracesIsRefused(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		want  string // empty: it is taken
	}{
		{[]string{"--drain=5s"}, `--drain is "5s", want at least 6s (2 × grace)`},
		{[]string{"--drain=0"}, `--drain is "0s", want at least`},
		{[]string{"--grace=10s", "--drain=19s"}, `--drain is "19s", want at least 20s`},
		{[]string{"--drain=-1s"}, `--drain is "-1s", want a time of 0s or more`},
		{[]string{"--grace=1m"}, ""},
		{[]string{"--drain=6s"}, ""},
		{[]string{"--grace=0", "--drain=0"}, ""},
	} {
		var s shell
		code := s.run(append([]string{"serve", "--jwt-secret=s"}, tt.flags...)...)
		if tt.want == "" && code != exitOK || tt.want != "" && (code != exitUsage || !strings.Contains(s.stderr.String(), tt.want)) {
			t.Errorf("%v: exit %d: %s; want %q", tt.flags, code, s.stderr.String(), tt.want)
		}
	}
	var s shell
	if s.run("serve", "--jwt-secret=s", "--grace=0", "--drain=0"); s.served[0].Drain != node.NoDrain {
		t.Errorf("drain %v, want none", s.served[0].Drain)
	}
}

func TestLogGoesToStderrAsAsked(t *testing.T) {
	var s shell
	s.run("serve", "--jwt-secret=s", "--log-format=json", "--log-level=warn")
	s.served[0].Logger.Info("quiet")
	s.served[0].Logger.Warn("loud", "key", auth.Secret("sesame"))
	if got := s.stderr.String(); s.stdout.String() != "" || !strings.Contains(got, `"msg":"loud"`) || strings.Contains(got, "quiet") || strings.Contains(got, "sesame") {
		t.Errorf("stdout %q, stderr %q", s.stdout.String(), got)
	}
}

// The lines that --help shows can be typed, and its file be read.
func TestExamplesOfHelpAreTrue(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"secret.txt": "secret\n", "alice.jwt": "a.b.c\n",
		"gossip.key": base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var yaml []string
	for line := range strings.Lines(serveCommand{}.Help()) {
		line = strings.TrimSpace(line)
		if regexp.MustCompile(`^[a-z-]+: \S`).MatchString(line) {
			yaml = append(yaml, line)
		}
		if args, ok := strings.CutPrefix(line, "rollcall serve "); ok {
			var s shell
			if code := s.run(append([]string{"serve"}, strings.Fields(args)...)...); code != exitOK {
				t.Errorf("%s: exit %d: %s", line, code, s.stderr.String())
			}
		}
	}
	var s shell
	if code := s.run("serve", "--config", write(t, "rollcall.yaml", strings.Join(yaml, "\n"))); code != exitOK || len(yaml) != 5 || len(s.served[0].Join) != 2 {
		t.Errorf("file %q: exit %d: %s", yaml, code, s.stderr.String())
	}
}
