package wiretest

import (
	"net/http"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node"
)

// drainTime is for tests in which nobody stays until the end.
const drainTime = 2 * time.Minute

// drains starts a node that drains for so long, beside there, and returns what tells it to
// stop: end then waits until it has.
func (w *world) drains(within time.Duration) (n *node.Node, stop func(), end func()) {
	w.Helper()
	n, stopped := w.start("drains", func(c *node.Config) {
		c.Drain = within
		c.Join = []string{there.GossipAddr()}
	})
	ended := make(chan struct{})
	stop = func() { go func() { defer close(ended); stopped() }() }
	return n, stop, func() { w.Helper(); <-ended }
}

// drained awaits the drain of a client, and returns when it is to go.
func (c *client) drained() time.Duration {
	c.Helper()
	m := c.want(`{"type":"drain","delay":"*"}`)
	return time.Duration(m.Delay) * time.Millisecond
}

func TestDrainTellsEachClientWhenToGoAndServesItUntilThen(t *testing.T) {
	w := newWorld(t)
	n, stop, end := w.drains(drainTime)
	watcher := w.hello(there, "watcher~")
	watcher.watch("room~")
	alice, bob := w.hello(n, "alice~"), w.hello(n, "bob~")
	alice.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	stop()
	first, second := alice.drained(), bob.drained()
	if first > second {
		first, second = second, first
	}
	if first != 0 || second <= 0 || second >= drainTime*4/5 {
		t.Errorf("the clients are to go after %v and %v, want at once and later, with time left of %v", first, second, drainTime)
	}
	bob.join("room~", "alice~", "bob~")
	alice.seesJoin("room~", "bob~")
	watcher.seesJoin("room~", "bob~")
	alice.ask(`{"type":"update","id":5,"channel":"room~","data":{"n":1}}`, `{"type":"ok","id":5}`)
	bob.want(`{"type":"diff","channel":"room~","version":"*","count":2,"update":[{"user":"alice~","since":"*","data":{"n":1}}]}`)
	response, err := http.Get("http://" + n.Addr() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %s", response.Status)
	}
	alice.want(`{"type":"diff","channel":"room~","version":"*","count":2,"update":[{"user":"alice~","since":"*","data":{"n":1}}]}`)
	for _, c := range []*client{alice, bob} {
		c.conn.Close()
	}
	end()
}

func TestWhoStaysWhenToldToGoIsClosedWith1001WhenTheTimeIsOver(t *testing.T) {
	w := newWorld(t)
	const within = 2 * grace // the least
	n, stop, end := w.drains(within)
	alice := w.hello(n, "alice~")
	began := time.Now()
	stop()
	alice.drained()
	alice.wantClose(1001)
	if took := time.Since(began); took < within {
		t.Errorf("closed after %v, want %v", took, within)
	}
	end()
}

func TestWhoMovesWhenToldIsSeenByNobodyAndTheNodeEndsEarly(t *testing.T) {
	w := newWorld(t)
	n, stop, end := w.drains(drainTime)
	watcher := w.hello(there, "watcher~")
	watcher.watch("room~")
	old := w.hello(n, "alice~")
	old.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	began := time.Now()
	stop()
	old.drained()
	again := w.helloWith(there, "alice~", `,"resume":"`+old.session+`"`)
	again.join("room~", "alice~")
	old.wantClose(4409)
	end()
	if took := time.Since(began); took >= drainTime {
		t.Errorf("the node ended after %v, want earlier than %v since nobody was left", took, drainTime)
	}
	marker := w.hello(there, "marker~")
	marker.join("room~", "alice~", "marker~")
	watcher.seesJoin("room~", "marker~") // and nothing before
}

func TestDrainingNodeRefusesNewSocketsAndHellos(t *testing.T) {
	w := newWorld(t)
	n, stop, end := w.drains(drainTime)
	stays, opened := w.hello(n, "stays~"), w.dial(n)
	stop()
	stays.drained()
	for name, c := range map[string]*client{
		"a socket that had not said hello": opened,
		"a new socket":                     w.dial(n),
		"a new socket with a bad token":    w.dial(n, "Authorization: Bearer nonsense"),
	} {
		m := c.next()
		if m.Type != "error" || m.Code != "draining" || m.Message == "" {
			t.Errorf("%s: got %s, want an error that says draining", name, m.text)
		}
		c.wantClose(1001)
	}
	stays.alive()
	stays.send(`{"type":"bye"}`)
	stays.wantClose(1000)
	end()
}
