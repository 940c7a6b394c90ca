package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

const (
	minPause = 500 * time.Millisecond // longest wait before the first new try
	maxPause = 20 * time.Second       // and before any later one

	// dialTime is how long a node may take from the first packet to the
	// welcome, which waits until it knows its cluster.
	dialTime = 30 * time.Second

	// byeTime is how long a goodbye may take.
	byeTime = 2 * time.Second
)

// Close codes of the protocol that say how to come back, or not to.
const (
	codeBye          = 1000
	codeNotProtocol  = 4400
	codeUnauthorized = 4401
	codeKicked       = 4403
	codeResumed      = 4409
)

// watcher keeps a connection to one of some nodes.
type watcher struct {
	*watchCommand
	out     printer
	notes   io.Writer
	rosters client.Rosters

	// Owned by run.
	resume string // the session to go on with
	token  string // the last one sent
	next   int    // index of the address to try

	// Owned by the reader of the connection, of which there is one at a time.
	seen   map[string]bool // channels whose first roster has come
	broken bool            // nothing can be printed any more

	// From the reader to follow, made anew for each connection.
	events chan event

	noting sync.Mutex // guards notes, which both write
}

// event is what the reader cannot do itself, since it may not wait. One field is
// set.
type event struct {
	sync  string         // ask for the roster of this channel
	renew bool           // the token ends soon
	drain *time.Duration // go elsewhere after so long
	fail  error          // nothing can be printed any more
}

func newWatcher(w *watchCommand, out printer, notes io.Writer) *watcher {
	return &watcher{watchCommand: w, out: out, notes: notes, seen: make(map[string]bool)}
}

// final is an error after which coming back is of no use.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// run connects again and again, until ctx ends or a node refuses for good.
func (w *watcher) run(ctx context.Context) error {
	if err := w.Token.check(); err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		began := time.Now()
		err := w.connect(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if forever := new(final); errors.As(err, forever) {
			return forever.error
		}
		if time.Since(began) > maxPause {
			attempt = 0 // it had held
		}
		w.next++
		pause := backoff(attempt)
		if errors.Is(err, errDrained) && attempt == 0 {
			pause = 0 // it has chosen the moment
		}
		w.note("%v; trying again in %v", err, pause.Round(time.Millisecond))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// backoff returns how long to wait before a new try: anything up to a bound that
// doubles, so that the clients of a node that died do not come back together.
func backoff(attempt int) time.Duration {
	bound := min(minPause<<min(attempt, 10), maxPause)
	return rand.N(bound)
}

// connect follows the channels over one connection, and returns why it ended.
func (w *watcher) connect(ctx context.Context) error {
	address := w.URL[w.next%len(w.URL)]
	token, err := w.Token.read()
	if err != nil {
		return err // the file may be back in a moment
	}
	w.token = token
	w.rosters.Reconnect()
	w.events = make(chan event, 64)
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	c, err := client.Dial(dialing, address, client.Hello{Token: token, Resume: w.resume}, w.take)
	if err != nil {
		return w.judge(err)
	}
	defer w.leave(ctx, c)
	w.resume = c.Welcome().Session
	w.note("connected to %s (%s)%s", printable(c.Welcome().Node), address, as(c.Welcome().Name))
	for _, channel := range w.Channel {
		if err := w.enter(ctx, c, channel); err != nil {
			return w.judge(err)
		}
	}
	return w.judge(w.follow(ctx, c))
}

// leave ends a connection: with a goodbye if the person ended the watching, so
// that others see the leave at once, else without, so that they see nothing.
func (w *watcher) leave(ctx context.Context, c *client.Client) {
	if ctx.Err() == nil {
		c.Break()
		return
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), byeTime)
	defer cancel()
	if err := c.Close(bye); err != nil {
		w.note("%v", err)
	}
}

func as(user string) string {
	if user == "" {
		return ", as nobody"
	}
	return " as " + printable(user)
}

func (w *watcher) enter(ctx context.Context, c *client.Client, channel string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if w.Join {
		_, err = c.Join(ctx, channel, []byte(w.Data))
	} else {
		_, err = c.Watch(ctx, channel)
	}
	return err
}

var (
	errDrained = errors.New("the node is going away")
	errSilent  = errors.New("the node has fallen silent")
)

// follow does what the reader asks for until the connection ends or should.
func (w *watcher) follow(ctx context.Context, c *client.Client) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var drained <-chan time.Time
	silence := newSilence(c.Welcome())
	asked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.Done():
			return c.Err()
		case <-drained:
			return errDrained
		case <-tick.C:
			if silence.over(c.Heard(), time.Now()) {
				return errSilent
			}
			if err := w.complete(ctx, c, &asked); err != nil {
				return err
			}
		case e := <-w.events:
			if e.drain != nil {
				drained = time.After(*e.drain)
			} else if err := w.answer(ctx, c, e); err != nil {
				return err
			}
		}
	}
}

// complete asks again for rosters in which members may be missing, once an
// interval: nothing says that the node will send them by itself.
func (w *watcher) complete(ctx context.Context, c *client.Client, asked *time.Time) error {
	interval := time.Duration(c.Welcome().Interval) * time.Millisecond
	if time.Since(*asked) < max(interval, time.Second) {
		return nil
	}
	*asked = time.Now()
	for _, channel := range w.Channel {
		if roster, _ := w.rosters.Roster(channel); roster.Incomplete {
			if err := c.Send(ctx, client.Request{Type: "sync", Channel: channel}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *watcher) answer(ctx context.Context, c *client.Client, e event) error {
	switch {
	case e.fail != nil:
		return final{e.fail}
	case e.sync != "":
		return c.Send(ctx, client.Request{Type: "sync", Channel: e.sync})
	}
	token, err := w.Token.read()
	if err != nil || token == w.token {
		return nil // its end will say what there is to say
	}
	w.token = token
	return c.Send(ctx, client.Request{Type: "token", Token: token})
}

// judge says whether it is of use to come back after err, and how.
func (w *watcher) judge(err error) error {
	refused := new(client.AnswerError)
	switch code := client.CloseCode(err); {
	case code == codeBye, code == codeNotProtocol, code == codeKicked:
		return final{err}
	case code == codeUnauthorized:
		if token, unread := w.Token.read(); unread != nil || token == w.token {
			return final{fmt.Errorf("the token is refused: %w", err)}
		}
	case code == codeResumed:
		w.resume = ""
	case code == -1 && errors.As(err, &refused) && !passing(refused.Code):
		return final{err}
	}
	return err
}

// passing tells the refusals that another node or another moment may not give.
func passing(code string) bool {
	return slices.Contains([]string{"draining", "internal", "rate_limited", "limit_reached"}, code)
}
