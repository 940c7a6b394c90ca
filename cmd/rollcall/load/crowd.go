package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is all clients of one scenario, and the truth about them.
type crowd struct {
	names
	*sockets
	dialect Dialect
	loose   bool
	options Options
	checks  checks
	begun   time.Time

	rooms   []*room
	clients []*client
	users   int // numbers that are taken

	heard atomic.Pointer[func(event)] // of the scenario; nil: it does not listen

	closing atomic.Bool // connections may end now
	phases  []Phase
}

func newCrowd(o Options) (*crowd, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	return &crowd{names: names{o.Run}, sockets: newSockets(), dialect: o.Dialect, loose: o.Loose, options: o, begun: time.Now()}, nil
}

// addRoom makes a channel with a client for each of some users.
func (c *crowd) addRoom(users int) *room {
	r := &room{name: c.channel(len(c.rooms)), first: c.users, size: users}
	c.rooms = append(c.rooms, r)
	for range users {
		c.clients = append(c.clients, &client{crowd: c, user: c.users, room: r, url: c.options.URLs[c.users%len(c.options.URLs)]})
		c.users++
	}
	return r
}

// addRooms spreads clients over channels with that many members each; the last may have fewer.
func (c *crowd) addRooms(clients, members int) {
	for ; clients > 0; clients -= members {
		c.addRoom(min(clients, members))
	}
}

// listen has f be told of all events, by the goroutine that reads: f must be quick, and may not
// speak for a client while it holds a lock that it needs itself.
func (c *crowd) listen(f func(event)) { c.heard.Store(&f) }

func (c *crowd) tell(e event) {
	e.client.hear(e)
	if f := c.heard.Load(); f != nil {
		(*f)(e)
	}
}

// each does something for some clients, that many at a time, until one fails or ctx ends.
func (c *crowd) each(ctx context.Context, phase string, clients []*client, concurrency int, do func(context.Context, *client) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var next, done atomic.Int64
	for range min(concurrency, len(clients)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(len(clients)) {
					return
				}
				if err := do(ctx, clients[i]); err != nil {
					cancel(err)
					return
				}
				done.Add(1)
			}
		})
	}
	stop := c.watchProgress(phase, len(clients), func() int { return int(done.Load()) })
	wg.Wait()
	stop()
	return context.Cause(ctx)
}

// prepare makes the sessions of clients, before any clock runs.
func (c *crowd) prepare(ctx context.Context, clients []*client) error {
	if err := allowFiles(len(c.clients), min(c.options.Concurrency, len(c.clients))); err != nil {
		return err
	}
	return c.each(ctx, "tokens", clients, runtime.GOMAXPROCS(0), func(_ context.Context, one *client) error { return one.prepare() })
}

// arrival is how long it took until a client was there.
type arrival struct{ upgraded, welcomed, entered *stopwatch } // each since the one before; nil: nobody asks

// enter brings clients in that are prepared: connected, welcomed, and members of their rooms if join is set.
func (c *crowd) enter(ctx context.Context, clients []*client, join bool, took *arrival) error {
	return c.each(ctx, "connect", clients, c.options.Concurrency, func(ctx context.Context, one *client) error {
		return c.enterOne(ctx, one, join, took)
	})
}

// enterApart brings in members of rooms, and then others who are none yet.
func (c *crowd) enterApart(ctx context.Context, members, others []*client) error {
	if err := c.enter(ctx, members, true, nil); err != nil {
		return err // it would be the same for the others
	}
	return c.enter(ctx, others, false, nil)
}

// enterOne brings one client in.
func (c *crowd) enterOne(ctx context.Context, one *client, join bool, took *arrival) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Patience, fmt.Errorf("%s was not let in within %v", one.name(), c.options.Patience))
	defer cancel()
	heard, end := one.wait()
	defer end()
	begun := time.Now()
	open, err := one.connect(ctx)
	if err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	in, err := await(ctx, heard, welcomed)
	if err != nil {
		return err
	}
	if took != nil {
		took.upgraded.add(open.Sub(begun))
		took.welcomed.add(in.Sub(open))
	}
	if !join {
		return nil
	}
	one.room.note(one.user, true)
	asked, err := one.join()
	if err != nil {
		return err
	}
	if in, err = await(ctx, heard, entered); err == nil && took != nil {
		took.entered.add(in.Sub(asked))
	}
	return err
}

// Sleep waits for d, or returns why ctx ended before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end closes all clients: with a farewell, so that the server has nobody left, and after a
// while without.
func (c *crowd) end() {
	c.heard.Store(nil)
	c.closing.Store(true)
	for _, one := range c.clients {
		if !one.bye() {
			one.cut()
		}
	}
	for end := time.Now().Add(byeTime); time.Now().Before(end) && c.open.Load() > 0; {
		time.Sleep(5 * time.Millisecond)
	}
	for _, one := range c.clients {
		one.cut()
	}
	c.sockets.end()
}

// byeTime is how long servers may take to close sockets that said bye.
const byeTime = 3 * time.Second
