package node

import (
	"slices"

	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// maxSlots bounds the answers that wait for one before them. A channel's batch is
// over in a second at most, so only a flood gets there.
const maxSlots = 1024

// slot is the place of an answer in the order of the requests. Most answers go at
// once; that to a join waits for its channel's batch, and those after it wait too.
//
// What is told of users is made when its turn has come.
//
// A follow has at most one roster in its slots: it is made for the first of them, and
// for the next only once that was sent. So what waits for a connection is bounded
// by the channels that it follows.
type slot struct {
	id     int64    // of the request
	of     *follow  // if the answer is a roster
	names  []string // if the answer is users, made in its turn; not nil then
	given  bool     // a job has the roster for it, or it is in frames
	frames [][]byte // nil: not known yet
}

// reply answers a request, in its turn. Answers that need none are nil.
func (c *conn) reply(text []byte) {
	if text == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.slots) == 0 {
		c.sock.Reply(socket.Frame(text))
		return
	}
	c.append(&slot{frames: [][]byte{socket.Frame(text)}})
}

// ok answers a request that asked for nothing to be told.
func (c *conn) ok(id int64) {
	if id != 0 {
		c.reply(protocol.AppendOK(nil, id))
	}
}

// refuse answers a request with an error.
func (c *conn) refuse(id int64, code protocol.Code, message string) {
	c.node.refused.add(string(code))
	c.reply(protocol.AppendError(nil, &protocol.Error{ID: id, Code: code, Message: message}))
}

// ask keeps the place of an answer that will be a roster. The caller has the follow
// await one.
func (c *conn) ask(w *follow, id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.append(&slot{id: id, of: w})
}

// append adds to the answers that wait. mu is held.
func (c *conn) append(s *slot) {
	if len(c.slots) >= maxSlots {
		c.node.reach(limitAnswers)
		c.overload(s.id, protocol.RateLimited, "too many requests at once")
		return
	}
	c.slots = append(c.slots, s)
}

// turn takes the answer for which a follower is to be given a roster: nil for a roster
// unasked. False: none is due.
func (w *follow) turn() (s *slot, due bool) {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.slots, func(s *slot) bool { return s.of == w })
	if i < 0 {
		return nil, (w.stale || w.again) && !w.gone
	}
	s = c.slots[i]
	due = !s.given
	s.given = true
	c.behind = c.behind || w.again && !due // the one that waits was made before
	w.again = w.again && !due
	return s, due
}

// end lets nothing more of the channel be sent but rosters, if they are owed to requests
// of before. It reports whether to call [Node.resync].
func (w *follow) end(owed bool) (next bool) {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	w.gone, w.held = true, nil
	if owed {
		return false
	}
	for _, s := range c.slots {
		if s.of == w {
			s.instead()
		}
	}
	return c.answered()
}

// instead makes the answer an ok, for a roster that is not to be sent any more.
func (s *slot) instead() {
	s.of, s.names, s.frames = nil, nil, [][]byte{}
	if s.id != 0 {
		s.frames = [][]byte{socket.Frame(protocol.AppendOK(nil, s.id))}
	}
}

// answered sends the answers whose turn has come. It reports whether the next one is a
// roster, or tells of users, and has to be made first: call [Node.resync]. mu is held.
func (c *conn) answered() (next bool) {
	for len(c.slots) > 0 {
		s := c.slots[0]
		switch {
		case s.frames == nil:
			return next && !s.given
		case s.of == nil:
			c.sock.Reply(s.frames...)
		case c.sock.Send(s.frames...) == socket.Full:
			c.takeBack()
			return false // until Drained
		case s.of.held == s:
			s.of.held = nil
		}
		c.slots, next = c.slots[1:], true
	}
	c.slots = nil
	return c.behind
}

// takeBack forgets the rosters that wait, since there is no telling for how long they would
// and how many diffs behind them. They are made again one by one. mu is held.
func (c *conn) takeBack() {
	c.clogged = true
	for _, s := range c.slots {
		if s.of != nil && s.frames != nil {
			s.frames, s.given = nil, false
			s.of.held, s.of.stale = nil, true
		}
	}
}

// settle answers by ok whatever still waits to be made.
func (c *conn) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slots {
		if s.of != nil || s.names != nil {
			s.instead()
		}
	}
	c.answered()
}

// resync tells a connection what it has room for: the answers whose turn it is, or else
// what it missed of people; and has the rosters made that the answers wait for, or else
// those that are due unasked.
func (n *Node) resync(c *conn) {
	for _, w := range c.lacking() {
		n.await(w)
	}
}

// lacking returns who is to be given a roster next, and tells what can be told without
// one. Node.mu is held.
func (c *conn) lacking() (all []*follow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clogged = false
	for len(c.slots) > 0 {
		s := c.slots[0]
		if s.of != nil && !s.given {
			all = append(all, s.of)
		}
		if s.names == nil || !c.tellUsers(s) {
			return all
		}
		c.slots = c.slots[1:]
		if c.answered(); c.clogged {
			return nil
		}
	}
	if !c.tellOwed() {
		return nil
	}
	c.behind = false
	for _, w := range c.follows {
		if w.stale || w.again {
			all = append(all, w)
		}
	}
	return all
}
