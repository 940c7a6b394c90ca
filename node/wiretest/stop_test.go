package wiretest

import (
	"fmt"
	"testing"

	"github.com/rollcall-presence/rollcall/node"
)

// A large channel takes long to make, so this is about all that large ones do.
func TestLargeChannelComesAndGoesInPartsOf512WithItsNodeThatStops(t *testing.T) {
	w := newWorld(t)
	stays, endStays := w.start("stays", func(*node.Config) {})
	defer endStays()
	stops, endStops := w.start("stops", func(c *node.Config) { c.Join = []string{stays.GossipAddr()} })
	watcher := w.hello(stays, "watcher~")
	watcher.watch("room~")
	const n = 520
	all := w.crowd(stops, "room~", n, "")
	for count := 0; count < n; count = watcher.next().Count {
	}
	watcher.send(`{"type":"sync","id":5,"channel":"room~"}`)
	if m, sizes := watcher.parts(); fmt.Sprint(sizes) != "[512 8]" || m.Count != n || m.ID != 5 || m.Partial {
		t.Fatalf("parts of %v, the last %.200s; want 512 and 8 members", sizes, m.text)
	}
	endStops()
	for _, c := range all {
		r := c.take()
		for r.closed == 0 { // counts
			r = c.take()
		}
		if r.closed != 1001 {
			t.Errorf("closed with %d, want 1001", r.closed)
		}
	}
	var sizes []int
	for left := 0; left < n; {
		m := watcher.next()
		if m.Type != "diff" || m.Count != n-left-len(m.Leave) {
			t.Fatalf("got %.200s after %d left, want a diff", m.text, left)
		}
		left += len(m.Leave)
		sizes = append(sizes, len(m.Leave))
	}
	if fmt.Sprint(sizes) != "[512 8]" { // one step, in messages of versions of their own
		t.Errorf("leaves in diffs of %v, want 512 and 8", sizes)
	}
	watcher.roster("room~")
}

// start starts a node for one test.
func (w *world) start(name string, change func(*node.Config)) (*node.Node, func()) {
	w.Helper()
	n, end, err := startNode(name, change)
	if err != nil {
		w.Fatal(err)
	}
	return n, func() {
		if err := end(); err != nil {
			w.Errorf("%s did not stop in order: %v", name, err)
		}
	}
}
