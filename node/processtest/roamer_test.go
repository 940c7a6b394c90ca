//go:build unix

package processtest

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// roamers are clients that stay connected as clients should: told to go, they move to
// another node at the moment they were given, and where their node just stops, they come
// back elsewhere at once, resuming the session they had.
type roamers struct {
	c       *cluster
	stays   bool          // takes no notice of drain
	reloads time.Duration // how often each closes its page and opens it again, on any node; 0: never
	begin   chan struct{} // closed when they begin to reload
	calm    atomic.Bool   // they reload no more

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	away     atomic.Int64 // not connected now
	moved    atomic.Int64 // connections made before the former one was closed
	returned atomic.Int64 // and after it
	reloaded atomic.Int64 // of these, because the page was loaded again
	odd      atomic.Int64 // that the node closed otherwise than with 1001
	longest  atomic.Int64 // nanoseconds without a connection
	late     sync.Map     // names of those who once were back too late for the grace
}

// connect makes a connection to a node, in the place of another unless that is nil.
type connect func(at *process, resume string, old *client.Client) (*client.Client, error)

func newRoamers(c *cluster) *roamers {
	r := &roamers{c: c, begin: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	c.t.Cleanup(r.end)
	return r
}

// end closes all connections. They break, as when a browser is closed.
func (r *roamers) end() {
	r.cancel()
	r.wg.Wait()
}

// roam keeps one client connected by connect, which is first called for nodes[i].
func (r *roamers) roam(i int, name string, connect connect) {
	r.away.Add(1)
	r.wg.Go(func() {
		session, gone := "", time.Time{}
		for ; r.ctx.Err() == nil; i++ {
			conn, err := connect(r.node(i), session, nil)
			if err != nil {
				continue // that node is just being restarted
			}
			if session != "" {
				r.returned.Add(1)
				r.wasAway(name, time.Since(gone))
			}
			r.away.Add(-1)
			var reload bool
			i, session, reload = r.hold(i, conn, connect)
			r.away.Add(1)
			if gone = time.Now(); reload {
				r.reloaded.Add(1)
				<-time.After(rand.N(r.c.pace.grace / 4)) // the reload itself
			}
		}
	})
}

func (r *roamers) node(i int) *process { return r.c.nodes[i%len(r.c.nodes)] }

// hold keeps to one connection, and to those that take its place without a gap. It
// returns where to go next, the session of the last one, and whether its page is loaded
// again.
func (r *roamers) hold(i int, conn *client.Client, connect connect) (next int, session string, reload bool) {
	var drained <-chan struct{}
	var again <-chan time.Time
	begin := r.begin
	for {
		if !r.stays {
			drained = conn.Drained()
		}
		select {
		case <-drained:
			i += 1 + rand.IntN(len(r.c.nodes)-1)
			if next, err := connect(r.node(i), "", conn); err == nil {
				r.moved.Add(1)
				conn = next
			} else if conn.Err() != nil {
				return i, conn.Welcome().Session, false
			}
			continue
		case <-begin:
			begin, again = nil, r.reload()
			continue
		case <-again:
			if r.calm.Load() {
				continue
			}
			i, reload = rand.IntN(len(r.c.nodes)), true
		case <-conn.Done():
			if client.CloseCode(conn.Err()) != 1001 {
				r.odd.Add(1)
			}
		case <-r.ctx.Done():
		}
		conn.Break()
		return i, conn.Welcome().Session, reload
	}
}

// reload returns what says when the page is loaded again.
func (r *roamers) reload() <-chan time.Time {
	if r.reloads == 0 {
		return nil
	}
	return time.After(time.Duration(rand.ExpFloat64() * float64(r.reloads)))
}

func (r *roamers) wasAway(name string, d time.Duration) {
	if d > r.c.pace.grace*9/10 {
		r.late.Store(name, true)
	}
	for {
		longest := r.longest.Load()
		if int64(d) <= longest || r.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// user keeps a user in a channel.
func (r *roamers) user(i int, name, channel string) {
	r.roam(i, name, func(at *process, resume string, old *client.Client) (*client.Client, error) {
		tab, err := r.c.move(r.ctx, at, name, channel, resume, old)
		if err != nil {
			return nil, err
		}
		return tab.Client, nil
	})
}

// watcher keeps a watcher connected.
func (r *roamers) watcher(i int, w *watcher) {
	r.roam(i, w.name, func(at *process, resume string, old *client.Client) (*client.Client, error) {
		return w.connect(r.ctx, r.c, at, resume, old)
	})
}

// awaitHome waits until all are connected.
func (r *roamers) awaitHome(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	eventually(t, "all clients are back", func() bool { return r.away.Load() == 0 })
	return time.Since(begin)
}
