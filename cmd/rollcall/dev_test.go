package main

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/dev"
	"github.com/rollcall-presence/rollcall/node"
)

// readyNode is a node that only says that it is ready, and ends as it is told.
type readyNode struct {
	config node.Config
	end    func(context.Context) error
}

func (n readyNode) ID() (id channels.NodeID)          { copy(id[:], n.config.Name); return id }
func (n readyNode) Run(ctx context.Context) error     { return n.end(ctx) }
func (n readyNode) Ready() bool                       { return true }
func (n readyNode) Freeze() func()                    { return func() {} }
func (n readyNode) Crash()                            {}
func (n readyNode) Nodes() []node.NodeInfo            { return nil }
func (n readyNode) Roster(string) []node.Member       { return nil }
func (n readyNode) User(name string) node.UserDetails { return node.UserDetails{} }

// withContext is the end of a node that is as it should be.
func withContext(ctx context.Context) error { <-ctx.Done(); return nil }

// until cancels once what was written holds a text.
type until struct {
	output
	text string
	done context.CancelFunc
}

func (u *until) Write(p []byte) (int, error) {
	defer func() {
		if strings.Contains(u.String(), u.text) {
			u.done()
		}
	}()
	return u.output.Write(p)
}

func TestDevStartsAClusterAndPrintsWhatToType(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stdout, stderr := &until{text: "Ctrl-C here", done: cancel}, new(output)
	var mu sync.Mutex
	var served []node.Config
	code := run(ctx, []string{"dev", "--page=127.0.0.1:0"}, process{stdout: stdout, stderr: stderr,
		lookup: func(string) (string, bool) { return "", false },
		newNode: func(c node.Config) (dev.Node, error) {
			mu.Lock()
			served = append(served, c)
			mu.Unlock()
			return readyNode{c, withContext}, nil
		}})
	if code != exitOK || stderr.String() != "" {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	slices.SortFunc(served, func(a, b node.Config) int { return strings.Compare(a.Name, b.Name) })
	if len(served) != 3 {
		t.Fatalf("%d nodes, want 3", len(served))
	}
	for _, c := range served {
		if err := c.Validate(); err != nil || len(c.Join) != 2 || slices.Contains(c.Join, c.Gossip) || len(c.GossipKeys) != 1 {
			t.Errorf("config %+v: %v", c, err)
		}
		if !strings.Contains(stdout.String(), "ws://"+c.Listen+"/v1/connect") {
			t.Errorf("%s is not shown at %s", c.Name, c.Listen)
		}
	}
	if !strings.HasPrefix(stdout.String(), "Open http://127.0.0.1:") {
		t.Errorf("the page is not told first:\n%s", stdout.String())
	}
	checkLines(t, stdout.String(), served)
}

// checkLines types what dev printed.
func checkLines(t *testing.T, printed string, served []node.Config) {
	t.Helper()
	verifier, err := auth.New(t.Context(), served[0].Auth)
	if err != nil {
		t.Fatal(err)
	}
	users := []string{"alice", "bob"}
	for line := range strings.Lines(printed) {
		_, typed, ok := strings.Cut(line, " watch --join ")
		if !ok {
			continue
		}
		words := strings.Fields(typed)
		args := append([]string{"--join"}, words[:len(words)-1]...) // parse adds a channel of its own
		i := 2 - len(users)
		token := parse(t, "watch", "token", nil, args...).(tokenValue)
		address := parse(t, "watch", "url", nil, args...).(urls)[0]
		identity, err := verifier.Verify(string(token), time.Now())
		if err != nil || identity.User != users[0] || address != "ws://"+served[i].Listen+"/v1/connect" {
			t.Errorf("line %d: user %q on %s, %v; want %q on node %d", i+1, identity.User, address, err, users[0], i+1)
		}
		users = users[1:]
	}
	if len(users) > 0 {
		t.Errorf("no line for %v in:\n%s", users, printed)
	}
}

func TestDevEndsWithTheFirstNodeThatFails(t *testing.T) {
	for name, end := range map[string]error{"with an error": errors.New("no luck"), "by itself": nil} {
		var stdout, stderr output
		var ended sync.WaitGroup
		code := run(t.Context(), []string{"dev", "--nodes=2", "--page=127.0.0.1:0"}, process{stdout: &stdout, stderr: &stderr,
			lookup: func(string) (string, bool) { return "", false },
			newNode: func(c node.Config) (dev.Node, error) {
				ended.Add(1)
				return readyNode{c, func(ctx context.Context) error {
					defer ended.Done()
					if c.Name == "node-2" {
						return end
					}
					return withContext(ctx)
				}}, nil
			}})
		if code != exitFailed || !strings.Contains(stderr.String(), "node-2") {
			t.Errorf("%s: exit %d, stderr %q; want 1 and node-2", name, code, stderr.String())
		}
		ended.Wait() // or the test hangs: a node was left running
	}
}

func TestDevRefusesWhatCannotBe(t *testing.T) {
	for _, args := range [][]string{{"--nodes=21"}, {"--interval=10ms"}, {"--interval=1h"},
		{"--page=0.0.0.0:8000"}, {"--page=192.0.2.1:8000"}, {"--page=chat.example:80"}, {"--page=8000"}} {
		var stdout, stderr output
		code := run(t.Context(), append([]string{"dev"}, args...), process{stdout: &stdout, stderr: &stderr,
			lookup: func(string) (string, bool) { return "", false }})
		if flag, _, _ := strings.Cut(args[0], "="); code != exitUsage || !strings.Contains(stderr.String(), flag) {
			t.Errorf("%s: exit %d, stderr %q; want %d and the flag", args[0], code, stderr.String(), exitUsage)
		}
	}
}

func TestDevTellsWhenThePageHasNoPort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	var stdout, stderr output
	code := run(t.Context(), []string{"dev", "--page=" + busy.Addr().String()}, process{stdout: &stdout, stderr: &stderr,
		lookup: func(string) (string, bool) { return "", false }})
	if code != exitFailed || !strings.Contains(stderr.String(), "page: ") || stdout.String() != "" {
		t.Errorf("exit %d, stdout %q, stderr %q; want %d and why", code, stdout.String(), stderr.String(), exitFailed)
	}
}
