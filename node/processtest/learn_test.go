//go:build unix

package processtest

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// The test pauses a node, so that a node which comes has to wait for its table:
// nobody may be given up meanwhile.
func TestANodeIsReadyWhenItKnowsAndItsFirstRosterIsComplete(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, pace{interval: time.Second, timeout: 20 * time.Second, grace: time.Second})
	var everybody []string
	for _, p := range c.nodes {
		everybody = append(everybody, users(c.tabs(50, p, "user", "room"))...)
	}
	all := c.watchAll(c.nodes, "room")
	all.awaitRoster(t, everybody)
	paused := c.nodes[0]
	paused.signal(syscall.SIGSTOP)

	fresh := c.prepare("fresh", c.join()...)
	fresh.start()
	eventually(t, "the fresh node says that it does not know yet", func() bool { return fresh.readyz() == http.StatusServiceUnavailable })
	early := newWatcher("early watcher", "room")
	watching := make(chan error, 1)
	go func() { // its hello waits
		conn, err := early.connect(t.Context(), c, fresh, "", nil)
		if err == nil {
			t.Cleanup(conn.Break)
		}
		watching <- err
	}()
	eventually(t, "the fresh node has met others, and the watcher waits", func() bool {
		m := fresh.metrics()
		return m["rollcall_mesh_members"] > 1 && m["rollcall_socket_open"] == 1
	})
	paused.signal(syscall.SIGCONT)
	if err := <-watching; err != nil {
		t.Fatal(err)
	}
	fresh.awaitReady()
	early.awaitRoster(t, everybody)
	all = append(all, early) // who would have been told of joins, had anybody been missing at first
	all.nothingHappened(c, append(c.nodes, fresh))
}
