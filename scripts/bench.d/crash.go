package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/node/client"
)

// crash is a node of two that is killed, with users on it who do not come back.
type crash struct {
	Users int       `json:"users"`
	First []float64 `json:"first_left_seconds"` // after each kill, as a follower on the other node sees it
	Last  []float64 `json:"last_left_seconds"`
}

// measureCrash kills a node several times, since a kill can come early or late between two pings.
func measureCrash(ctx context.Context, p plan) (*crash, error) {
	cr := &crash{Users: p.lost}
	for i := range p.kills {
		if err := cr.kill(ctx, p, time.Duration(i)*killApart); err != nil {
			return nil, err
		}
	}
	return cr, nil
}

// killApart is by how much later a kill comes than the one before: no part of an interval.
const killApart = 3700 * time.Millisecond

func (cr *crash) kill(ctx context.Context, p plan, after time.Duration) error {
	c, err := newCluster(ctx, p.binary, 2)
	if err != nil {
		return err
	}
	defer c.stop()
	w := &leavers{left: make(chan struct{})}
	follower, err := c.dial(ctx, 0, "follower", w.see)
	if err != nil {
		return err
	}
	defer follower.Break()
	if _, err := follower.Watch(ctx, "room"); err != nil {
		return err
	}
	users, err := c.dialAll(ctx, cr.Users, "user", func(int) int { return 1 }, nil)
	if err != nil {
		return err
	}
	defer users.end()
	if err := each(len(users), func(i int) error { _, err := users[i].Join(ctx, "room", nil); return err }); err != nil {
		return err
	}
	w.expect(len(users))
	if err := c.await(ctx, map[string]float64{members: float64(cr.Users)}); err != nil {
		return err
	}
	if err := load.Sleep(ctx, after); err != nil {
		return err
	}
	begun := time.Now()
	c.nodes[1].Kill()
	select {
	case <-w.left:
	case <-time.After(settled):
		return fmt.Errorf("not all of %d users are gone %v after their node was killed", cr.Users, settled)
	case <-ctx.Done():
		return ctx.Err()
	}
	cr.First = append(cr.First, w.first.Sub(begun).Seconds())
	cr.Last = append(cr.Last, w.last.Sub(begun).Seconds())
	return nil
}

// leavers is what a follower sees of those who leave.
type leavers struct {
	mu          sync.Mutex // guards the rest
	here        int
	first, last time.Time
	left        chan struct{} // closed when nobody is there
}

func (w *leavers) expect(users int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.here = users
}

func (w *leavers) see(m *client.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.Type != "diff" || len(m.Leave) == 0 || w.here == 0 {
		return
	}
	if w.last = time.Now(); w.first.IsZero() {
		w.first = w.last
	}
	if w.here -= len(m.Leave); w.here <= 0 {
		close(w.left)
		w.here = 0
	}
}
