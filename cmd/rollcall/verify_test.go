package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
	"github.com/rollcall-presence/rollcall/node/client"
)

// realNode runs a node on ports of the system's choice until the test ends, or stop is called.
func realNode(t *testing.T, name string, join ...string) (n *node.Node, stop func()) {
	t.Helper()
	n, err := node.New(node.Config{Name: name, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Gossip: "127.0.0.1:0", Join: join, Drain: node.NoDrain,
		Logger: slog.New(slog.DiscardHandler), Auth: auth.Config{Secrets: []auth.Secret{auth.Secret(watchSecret)}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	over := false
	stop = func() {
		if cancel(); !over {
			over = true
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	t.Cleanup(stop)
	eventually(t, name+" is ready", n.Ready)
	return n, stop
}

const watchSecret = "a secret of thirty-two bytes, 123"

// joins has a user join a channel, until the test ends.
func joins(t *testing.T, n *node.Node, user, channel string) {
	t.Helper()
	token, err := auth.Sign([]byte(watchSecret), auth.Claims{User: user, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(t.Context(), "ws://"+n.Addr()+"/v1/connect", client.Hello{Token: token}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Break)
	if _, err := c.Do(t.Context(), client.Request{Type: "join", Channel: channel}); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsWhatAllNodesHoldAndThatItIsShown(t *testing.T) {
	a, _ := realNode(t, "a")
	b, stop := realNode(t, "b", a.GossipAddr())
	joins(t, a, "alice", "room")
	joins(t, b, "bob", "room")
	eventually(t, "two nodes with two members", func() bool {
		return len(a.Nodes()) == 2 && len(b.Nodes()) == 2 && len(a.Roster("room")) == 2 && len(b.Roster("room")) == 2
	})
	var s shell
	if code := s.run("verify", "--admin", a.AdminAddr(), "--for=1m"); code != exitOK {
		t.Errorf("exit %d: %s%s", code, s.stdout.String(), s.stderr.String())
	}
	if want := "a, b: 2 sessions by sockets, 0 in grace, 2 members\nclean: both nodes show exactly this\n"; s.stdout.String() != want {
		t.Errorf("printed %q, want %q", s.stdout.String(), want)
	}

	stop() // it says goodbye: then nobody has to be asked there
	eventually(t, "b is gone", func() bool { return len(a.Nodes()) == 1 })
	s = shell{}
	if code := s.run("verify", "--admin", a.AdminAddr(), "--for=1m", "--json"); code != exitOK {
		t.Errorf("exit %d: %s%s", code, s.stdout.String(), s.stderr.String())
	}
	var got struct {
		Clean                      bool
		Nodes, Unasked             []struct{ Name string }
		Sessions, InGrace, Members int
		Differences                []any
	}
	if err := json.Unmarshal([]byte(s.stdout.String()), &got); err != nil || !got.Clean || len(got.Nodes) != 1 || got.Sessions != 1 || got.Members != 1 || got.Differences == nil {
		t.Errorf("printed %s: %v", s.stdout.String(), err)
	}
}

// answers of a made-up node a, which says that b is there, too.
const (
	twoNodes = `{"nodes":[{"id":"a","name":"node-a","state":"here"},{"id":"b","name":"node-b","state":"here","addresses":{"admin":"ADDR"}}],"interval":10,"timeout":13,"grace":3}`
	oneNode  = `{"nodes":[{"id":"a","name":"node-a","state":"here"}],"interval":10,"timeout":13,"grace":3}`
	holds    = `{"nodeId":"a","sessions":[{"id":"a-1","nodeId":"a","state":"online","user":"alice","channels":["room"],"held":{"socket":true,"lastFrame":1}}]}`
	isShown  = "event: sync\ndata: {\"nodeId\":\"a\",\"sessions\":[{\"id\":\"a-1\",\"nodeId\":\"a\",\"user\":\"alice\"}],\"members\":[{\"channel\":\"room\",\"member\":{\"user\":\"alice\",\"since\":1}}]}\n\n"
	isWrong  = "event: sync\ndata: {\"nodeId\":\"a\",\"sessions\":[{\"id\":\"x-1\",\"nodeId\":\"x\",\"user\":\"bob\"}],\"members\":[{\"channel\":\"room 1\",\"member\":{\"user\":\"bob\",\"since\":1}}]}\n\n"
)

var span = regexp.MustCompile(`for \S+`)

func TestVerifyPrintsGhostsAndMissing(t *testing.T) {
	url := fakeAdmin(t, map[string]string{"/v1/nodes": oneNode, "/v1/sessions": holds, "/v1/events": isWrong})
	var s shell
	code := s.run("verify", "--admin", url, "--for=1ms", "--pause=1ms", "--admin-key=k")
	const want = `ghost      node-a shows bob by session x-1, which a node that is not there does not hold
ghost      node-a shows bob in "room 1", where no socket holds her
missing    node-a does not show alice by session a-1, which node-a holds
missing    node-a does not show alice in room
node-a: 1 session by sockets, 0 in grace, 1 member
4 differences have lasted for T
`
	if got := span.ReplaceAllString(s.stdout.String(), "for T"); code != exitFailed || got != want {
		t.Errorf("exit %d, printed\n%swant\n%s%s", code, got, want, s.stderr.String())
	}
	s = shell{}
	if code := s.run("verify", "--admin", url, "--for=1ms", "--pause=1ms", "--most=1", "--admin-key=k"); code != exitFailed || !strings.Contains(s.stdout.String(), "… and 3 more") {
		t.Errorf("exit %d: %s", code, s.stdout.String())
	}
}

func TestVerifySaysWhoWasNotAsked(t *testing.T) {
	for what, nodes := range map[string]string{"refused": "127.0.0.1:1", "it tells no admin address": ""} {
		url := fakeAdmin(t, map[string]string{"/v1/nodes": strings.Replace(twoNodes, "ADDR", nodes, 1), "/v1/sessions": holds, "/v1/events": isShown})
		var s shell
		code := s.run("verify", "--admin", url, "--for=1ms", "--pause=1ms", "--admin-key=k")
		if code != exitUsage || !strings.Contains(s.stdout.String(), "not asked  node-b: ") || !strings.Contains(s.stdout.String(), what) {
			t.Errorf("exit %d: %s%s", code, s.stdout.String(), s.stderr.String())
		}
	}
	var s shell
	url := fakeAdmin(t, nil) // which knows nothing of all this
	if code := s.run("verify", "--admin", url, "--for=1ms", "--pause=1ms", "--admin-key=wrong"); code != exitUsage || !strings.Contains(s.stdout.String(), "nobody could be asked") {
		t.Errorf("exit %d: %s%s", code, s.stdout.String(), s.stderr.String())
	}
	if strings.Contains(s.stdout.String()+s.stderr.String(), "wrong") {
		t.Errorf("the key is shown: %s%s", s.stdout.String(), s.stderr.String())
	}
}

func TestVerifyThatIsInterruptedSaysNothingOfTheCluster(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := shell{ctx: ctx}
	if code := s.run("verify", "--admin", fakeAdmin(t, nil)); code != exitUsage || s.stdout.String() != "" {
		t.Errorf("exit %d: %s", code, s.stdout.String())
	}
}

func TestWrongAdminAddressesAreTold(t *testing.T) {
	for _, args := range [][]string{
		{"verify", "--admin=ftp://x"}, {"verify", "--admin=http://x/path"}, {"top", "--admin=http://x?key=1"}, {"top", "--admin=http://u:p@x"},
		{"verify", "--for=-1s"}, {"verify", "--most=0"}, {"top", "--admin=a:1,b:1"},
	} {
		var s shell
		if code := s.run(args...); code != exitUsage || !strings.Contains(s.stderr.String(), "want ") {
			t.Errorf("%q: exit %d: %s", args, code, s.stderr.String())
		}
	}
}
