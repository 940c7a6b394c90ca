//go:build unix

package processtest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// roamers are clients that come back when their node stops: at once, on another
// node, resuming the session they had.
type roamers struct {
	c      *cluster
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	away  atomic.Int64 // not connected now
	moved atomic.Int64 // connections after the first
	odd   atomic.Int64 // that ended otherwise than with 1001
}

func newRoamers(c *cluster) *roamers {
	r := &roamers{c: c}
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
func (r *roamers) roam(i int, connect func(at *process, resume string) (*client.Client, error)) {
	r.away.Add(1)
	r.wg.Go(func() {
		session := ""
		for ; r.ctx.Err() == nil; i++ {
			conn, err := connect(r.c.nodes[i%len(r.c.nodes)], session)
			if err != nil {
				continue // that node is just being restarted
			}
			if session != "" {
				r.moved.Add(1)
			}
			session = conn.Welcome().Session
			r.away.Add(-1)
			select {
			case <-conn.Done():
				r.away.Add(1)
				if client.CloseCode(conn.Err()) != 1001 {
					r.odd.Add(1)
				}
			case <-r.ctx.Done():
				conn.Break()
			}
		}
	})
}

// user keeps a user in a channel.
func (r *roamers) user(i int, name, channel string) {
	r.roam(i, func(at *process, resume string) (*client.Client, error) {
		tab, err := r.c.open(r.ctx, at, name, channel, resume)
		if err != nil {
			return nil, err
		}
		return tab.Client, nil
	})
}

// watcher keeps a watcher connected.
func (r *roamers) watcher(i int, w *watcher) {
	r.roam(i, func(at *process, resume string) (*client.Client, error) { return w.connect(r.ctx, r.c, at, resume) })
}

// awaitHome waits until all are connected.
func (r *roamers) awaitHome(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	eventually(t, "all clients are back", func() bool { return r.away.Load() == 0 })
	return time.Since(begin)
}
