package load

import (
	"context"
	"errors"
	"fmt"
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

// enter brings clients in: connected, welcomed, and members of their rooms if join is set.
func (c *crowd) enter(ctx context.Context, clients []*client, join bool) error {
	if err := c.each(ctx, "tokens", clients, 4, func(_ context.Context, one *client) error { return one.prepare() }); err != nil {
		return err
	}
	w := waits{by: map[*client]chan event{}}
	c.listen(w.hear)
	defer c.heard.Store(nil)
	return c.each(ctx, "connect", clients, c.options.Concurrency, func(ctx context.Context, one *client) error {
		return c.enterOne(ctx, one, &w, join)
	})
}

// enterOne brings one client in.
func (c *crowd) enterOne(ctx context.Context, one *client, w *waits, join bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Patience, fmt.Errorf("%s was not let in within %v", one.name(), c.options.Patience))
	defer cancel()
	heard := w.open(one)
	defer w.close(one)
	if err := one.connect(ctx); err != nil {
		return err
	}
	if err := await(ctx, heard, welcomed); err != nil || !join {
		return err
	}
	one.room.note(one.user, true)
	if _, err := one.join(); err != nil {
		return err
	}
	return await(ctx, heard, entered)
}

// waits are clients whose events somebody waits for.
type waits struct {
	mu sync.Mutex // guards by
	by map[*client]chan event
}

func (w *waits) open(one *client) <-chan event {
	heard := make(chan event, 4)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by[one] = heard
	return heard
}

func (w *waits) close(one *client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.by, one)
}

// hear hands on what is waited for; joins and leaves are not.
func (w *waits) hear(e event) {
	if e.kind == joined || e.kind == left {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.by[e.client] <- e: // none, if nobody waits
	default:
	}
}

// await returns once a client was told something.
func await(ctx context.Context, heard <-chan event, what kind) error {
	for {
		select {
		case e := <-heard:
			if e.kind == what {
				return nil
			}
			if e.kind == lost {
				return errLost
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errLost = errors.New("a connection was lost before the client was let in")

// settle waits until every client sees exactly who is in its room, or patience is over, and then
// a while longer: what comes too much shall have come when all is compared.
func (c *crowd) settle(ctx context.Context) error {
	end := time.Now().Add(c.options.Patience)
	pause := time.Millisecond
	for i := 0; i < len(c.clients); {
		if c.clients[i].differs() == "" {
			i++
			continue
		}
		if time.Now().After(end) {
			break
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, 50*time.Millisecond)
	}
	return sleep(ctx, c.options.Settle)
}

// compare holds what every client sees against the truth.
func (c *crowd) compare() {
	for _, one := range c.clients {
		if !one.isInside() {
			continue
		}
		c.checks.roster()
		if text := one.differs(); text != "" {
			c.checks.add(&c.checks.wrong, "%s in %s: %s", one.name(), one.room.name, text)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
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
		one.bye()
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
