package mesh

import (
	"net"
	"testing"
	"time"
)

// knock dials a node's port and sends bytes.
func knock(t *testing.T, n *node, data string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", n.m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	return c
}

// waitFor waits for what no event tells of. News of a member that gossip did not bring
// comes with memberlist's next full sync, up to 30s later.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(2 * time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}

func TestGarbageOnThePortIsClosedAndCounted(t *testing.T) {
	n := start(t, config())
	for i, data := range []string{"GET / HTTP/1.1\r\n\r\n", "\x0e", "\xf3", "\xff\xff"} {
		if got := closedByPeer(t, knock(t, n, data)); len(got) != 0 {
			t.Errorf("%q is answered %q", data, got)
		}
		waitFor(t, "garbage counted", func() bool { return n.m.Stats().Garbage == uint64(i+1) })
	}
}

func TestGarbageInAStreamIsClosed(t *testing.T) {
	n := start(t, config())
	greeting := string(n.m.id.greeting())
	for name, data := range map[string]string{
		"a greeting that is none": "RXXX\x04test",
		"a frame of length 0":     greeting + "\x00\x00\x00\x00",
		"a frame too long":        greeting + "\x00\x10\x00\x01",
		"a body that is none":     greeting + "\x00\x00\x00\x02\xff\xff",
	} {
		closedByPeer(t, knock(t, n, data))
		n.mu.Lock()
		if len(n.links) != 0 {
			t.Errorf("%s reached the core", name)
		}
		n.mu.Unlock()
	}
	waitFor(t, "each counted", func() bool { s := n.m.Stats(); return s.Garbage == 1 && s.Broken == 3 })
	if s := n.m.Stats(); s.Accepted != 0 || s.Streams != 0 {
		t.Errorf("stats: %+v", s)
	}
}

func TestSlowFirstByteIsCut(t *testing.T) {
	cfg := config()
	cfg.StreamTimeout = 50 * time.Millisecond
	n := start(t, cfg)
	closedByPeer(t, knock(t, n, ""))
	if got := n.m.Stats().Garbage; got != 1 {
		t.Errorf("%d connections counted, want 1", got)
	}
	closedByPeer(t, knock(t, n, "R"))                       // a slow greeting
	closedByPeer(t, knock(t, n, string(n.m.id.greeting()))) // a slow first frame
	if s := n.m.Stats(); s.Accepted != 0 {
		t.Errorf("%d streams reached the core", s.Accepted)
	}
}

func TestUndecidedConnectionsAreBounded(t *testing.T) {
	cfg := config()
	cfg.StreamTimeout = time.Minute
	n := start(t, cfg)
	for range maxUndecided {
		knock(t, n, "R") // begun, and not continued
	}
	waitFor(t, "all of them open", func() bool { return len(n.m.router.undecided) == maxUndecided })
	closedByPeer(t, knock(t, n, ""))
	if s := n.m.Stats(); s.Crowded != 1 {
		t.Errorf("%d connections refused, want 1", s.Crowded)
	}
}
