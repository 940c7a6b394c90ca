package main

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// link is one connection of a watcher.
type link struct {
	*watcher
	*client.Client
	feed   *client.Feed
	events chan event // from the reader to follow
}

// event is what the reader cannot do itself, since it may not wait. One field is
// set.
type event struct {
	sync  string // ask for the roster of this channel
	renew bool   // the token ends soon
	fail  error  // nothing can be printed any more
}

// dial connects to a node and follows the channels there: in the place of another
// connection, unless that is nil.
func (w *watcher) dial(ctx context.Context, address string, hello client.Hello, old *client.Client) (l *link, err error) {
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	l = &link{watcher: w, feed: w.rosters.Feed(), events: make(chan event, 64)}
	enter := func(c *client.Client) error {
		w.note("connected to %s (%s)%s", printable(c.Welcome().Node), address, as(c.Welcome().Name))
		err := w.enter(dialing, c)
		if err != nil {
			w.leave(ctx, c)
		}
		return err
	}
	if old != nil {
		l.Client, err = old.Move(dialing, address, hello, l.take, enter)
		return l, err
	}
	if l.Client, err = client.Dial(dialing, address, hello, l.take); err == nil {
		err = enter(l.Client)
	}
	return l, err
}

func as(user string) string {
	if user == "" {
		return ", as nobody"
	}
	return " as " + printable(user)
}

// enter joins or watches the channels.
func (w *watcher) enter(ctx context.Context, c *client.Client) (err error) {
	for _, channel := range w.Channel {
		if w.Join {
			_, err = c.Join(ctx, channel, []byte(w.Data))
		} else {
			_, err = c.Watch(ctx, channel)
		}
		if err != nil {
			return err
		}
	}
	return nil
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

var errSilent = errors.New("the node has fallen silent")

// follow does what the reader asks for until the connection ends or should, which err
// says, or until another one has taken its place.
func (l *link) follow(ctx context.Context) (next *link, err error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	m := move{from: l, due: l.Drained(), done: make(chan moved, 1)}
	silence := newSilence(l.Welcome())
	asked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return m.end(ctx, nil)
		case <-l.Done():
			return m.end(ctx, l.Err())
		case <-m.due:
			m.begin(ctx)
		case <-m.again:
			m.begin(ctx)
		case to := <-m.done:
			if next, err = m.take(to); next != nil || err != nil {
				return next, err
			}
		case <-tick.C:
			if silence.over(l.Heard(), time.Now()) {
				return m.end(ctx, errSilent)
			}
			if err := l.complete(ctx, &asked); err != nil {
				return m.end(ctx, err)
			}
		case e := <-l.events:
			if err := l.answer(ctx, e); err != nil {
				return m.end(ctx, err)
			}
		}
	}
}

// complete asks again for rosters in which members may be missing, once an
// interval: nothing says that the node will send them by itself.
func (l *link) complete(ctx context.Context, asked *time.Time) error {
	interval := time.Duration(l.Welcome().Interval) * time.Millisecond
	if time.Since(*asked) < max(interval, time.Second) {
		return nil
	}
	*asked = time.Now()
	for _, channel := range l.Channel {
		if roster, _ := l.rosters.Roster(channel); roster.Incomplete {
			if err := l.Send(ctx, client.Request{Type: "sync", Channel: channel}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *link) answer(ctx context.Context, e event) error {
	switch {
	case e.fail != nil:
		return final{e.fail}
	case e.sync != "":
		return l.Send(ctx, client.Request{Type: "sync", Channel: e.sync})
	}
	token, err := l.Token.read()
	if err != nil || token == l.token {
		return nil // its end will say what there is to say
	}
	l.token = token
	return l.Send(ctx, client.Request{Type: "token", Token: token})
}
