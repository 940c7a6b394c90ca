package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// kind is what a client is told of.
type kind uint8

const (
	welcomed kind = iota
	entered       // it is in the channel, with all members told
	joined        // somebody else, or itself, has come
	left
	counted // it is told how many there are; only of a roster that is partial
	lost    // its socket has ended, and not by close
)

// event is something that a client was told, when the frame was read.
type event struct {
	client *client
	kind   kind
	user   int // of joined and left: the number within the room; of counted: how many
	seen   int // how many members the client knows of then
	at     time.Time
	err    error // of lost
}

// place is where a client is by its own doing.
type place uint8

const (
	outside  place = iota
	entering       // Join was sent
	inside         // and is answered
)

// client is one user on one socket.
type client struct {
	crowd *crowd
	user  int // number
	url   string
	room  *room

	waited atomic.Pointer[chan event] // nil: nobody waits

	mu      sync.Mutex // guards the rest; held while a message is understood
	sock    *socket
	session Session
	next    Session   // for the next socket; nil: it is not prepared
	at      time.Time // of the message that is being understood
	events  []event   // out of that message
	place   place
	muted   bool
	partial bool // the server lists only some members
	seen    set
	before  *set // what was seen before a roster that comes unasked, while it comes; nil: none does
	count   int  // what the server said last; -1: nothing
}

var errMuted = errors.New("the client is silent")

// prepare makes what can be made before any clock runs: the session of the next socket, which
// goes on where the one of this socket is.
func (c *client) prepare() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	session, err := c.crowd.dialect.Session(c.name(), c.session)
	if err != nil {
		return fmt.Errorf("%s: %w", c.name(), err)
	}
	c.next = session
	return nil
}

func (c *client) name() string { return c.crowd.user(c.user) }

// connect opens the socket and says hello, and returns when it was open. That the server has
// welcomed the client is an event.
func (c *client) connect(ctx context.Context) (time.Time, error) {
	s, first, err := c.crowd.dial(ctx, c.url, c.crowd.dialect.Header(c.name()), c)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", c.name(), err)
	}
	c.mu.Lock()
	c.sock, c.session, c.next, c.place, c.count = s, c.next, nil, outside, -1
	c.seen.reset()
	c.mu.Unlock()
	open := time.Now()
	s.start(first)
	c.mu.Lock()
	defer c.mu.Unlock()
	return open, c.say(c.session.Hello)
}

// say sends what the session has to say, if anything. The lock is held.
func (c *client) say(what func(b []byte) []byte) error {
	if c.muted {
		return errMuted
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	if *buf = what((*buf)[:0]); len(*buf) == 0 {
		return nil
	}
	if err := c.sock.send(*buf); err != nil {
		return fmt.Errorf("%s: %w", c.name(), err)
	}
	return nil
}

// join sends the wish to be a member, and returns when that was.
func (c *client) join() (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.place, c.partial, c.count = entering, false, -1
	c.seen.reset()
	err := c.say(func(b []byte) []byte { return c.session.Join(b, c.room.name) })
	return c.sock.spoke(), err
}

// leave sends the wish to be one no more, and returns when that was.
func (c *client) leave() (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.place = outside
	err := c.say(func(b []byte) []byte { return c.session.Leave(b, c.room.name) })
	return c.sock.spoke(), err
}

// bye says goodbye. The server closes the socket then; false: it will not, since there is nothing
// to say or nobody who hears it.
func (c *client) bye() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.place = outside
	if c.sock == nil || len(c.session.Bye(nil)) == 0 {
		return false
	}
	return c.say(c.session.Bye) == nil
}

// cut closes the socket without a word. Nothing is told after it.
func (c *client) cut() {
	c.mu.Lock()
	sock := c.sock
	c.place = outside
	c.mu.Unlock()
	if sock != nil {
		sock.close()
	}
}

// mute has the client read nothing and answer nothing any more, with its socket open. It
// returns when it last said something.
func (c *client) mute() (spoke time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.muted, c.place = true, outside
	c.sock.mute()
	return c.sock.spoke()
}

// receive understands a message. What it was about is told to the scenario afterwards, when the
// client is free again.
func (c *client) receive(at time.Time, text []byte) error {
	c.mu.Lock()
	list := eventLists.Get().(*[]event)
	c.at, c.events = at, *list
	err := c.session.Read(text, (*telling)(c))
	*list, c.events = c.events, nil
	c.mu.Unlock()
	for _, e := range *list {
		c.crowd.tell(e)
	}
	*list = (*list)[:0]
	eventLists.Put(list)
	return err
}

var eventLists = sync.Pool{New: func() any { return new([]event) }}

// lost is told to the scenario, too. That a member loses its connection is a finding; before
// that, it is for who waits for the client, if somebody does.
func (c *client) lost(err error) {
	c.mu.Lock()
	found := (c.place == inside || c.place == entering && c.unawaited()) && !c.muted && !c.crowd.closing.Load()
	c.place = outside
	c.mu.Unlock()
	if found {
		c.crowd.checks.add(&c.crowd.checks.lost, "%s lost its connection: %v", c.name(), err)
	}
	c.crowd.tell(event{client: c, kind: lost, at: time.Now(), err: err})
}

// unawaited reports whether a scenario that listens has the client join without waiting for
// it: nobody else would tell why there is no answer.
func (c *client) unawaited() bool { return c.waited.Load() == nil && c.crowd.heard.Load() != nil }

func (c *client) where() place {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place
}

// differs says how what the client was told differs from the truth; empty: it does not, or
// the client follows nothing. Of a roster that is listed in part the count has to be true, and
// nobody may be on it who is not there.
func (c *client) differs() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.place == outside:
		return ""
	case c.place == entering:
		return "no roster came"
	case c.count >= 0 && c.count != r.truth.count:
		return fmt.Sprintf("the server counts %d, and %d are there", c.count, r.truth.count)
	default:
		return r.difference(&c.seen, c.partial, c.crowd.names)
	}
}
