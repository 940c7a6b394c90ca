package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// readyNode is a node that only says that it is ready.
func readyNode(ctx context.Context, c node.Config) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusNotFound)
		}
	})}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

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
	code := run(ctx, []string{"dev"}, process{stdout: stdout, stderr: stderr,
		lookup: func(string) (string, bool) { return "", false },
		serve: func(ctx context.Context, c node.Config) error {
			mu.Lock()
			served = append(served, c)
			mu.Unlock()
			return readyNode(ctx, c)
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
		code := run(t.Context(), []string{"dev", "--nodes=2"}, process{stdout: &stdout, stderr: &stderr,
			lookup: func(string) (string, bool) { return "", false },
			serve: func(ctx context.Context, c node.Config) error {
				ended.Add(1)
				defer ended.Done()
				if c.Name == "node-2" {
					return end
				}
				return readyNode(ctx, c)
			}})
		if code != exitFailed || !strings.Contains(stderr.String(), "node-2") || stdout.String() != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q; want 1 and node-2", name, code, stdout.String(), stderr.String())
		}
		ended.Wait() // or the test hangs: a node was left running
	}
}

func TestFreeAddressesAreFreeAndDifferent(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:8080")
	if err == nil {
		defer busy.Close()
	} // else somebody else has it, which is as good
	found, err := freeAddresses(4)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"127.0.0.1:8080": true}
	for _, a := range found {
		for _, address := range []string{a.listen, a.admin, a.gossip} {
			if seen[address] {
				t.Errorf("%s is taken", address)
			}
			seen[address] = true
		}
		listener, err := net.Listen("tcp", a.gossip)
		if err != nil {
			t.Fatalf("gossip: %v", err)
		}
		defer listener.Close()
		packets, err := net.ListenPacket("udp", a.gossip)
		if err != nil {
			t.Fatalf("gossip: %v", err)
		}
		defer packets.Close()
	}
}
