package node

import (
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// maxSlots bounds the answers that wait for one before them. A channel's batch is
// over in a second at most, so only a flood gets there.
const maxSlots = 1024

// slot is the place of an answer in the order of the requests. Most answers go at
// once; that to a join waits for its channel's batch, and those after it wait too.
type slot struct {
	id     int64    // of the request
	frames [][]byte // nil: not known yet
	of     *follow  // if it is a roster
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
	c.reply(protocol.AppendError(nil, &protocol.Error{ID: id, Code: code, Message: message}))
}

// ask keeps the place of an answer that will be a roster.
func (c *conn) ask(w *follow, id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &slot{id: id}
	w.asks = append(w.asks, s)
	c.append(s)
}

// append adds to the answers that wait. mu is held.
func (c *conn) append(s *slot) {
	if len(c.slots) >= maxSlots {
		c.sock.Close(protocol.CloseOverload, "too many requests at once")
		return
	}
	c.slots = append(c.slots, s)
}

// instead makes the answer an ok, for a roster that is not to be sent any more.
func (s *slot) instead() {
	s.of, s.frames = nil, [][]byte{}
	if s.id != 0 {
		s.frames = [][]byte{socket.Frame(protocol.AppendOK(nil, s.id))}
	}
}

// answered sends the answers whose turn has come. mu is held.
func (c *conn) answered() {
	n := 0
	for ; n < len(c.slots) && c.slots[n].frames != nil; n++ {
		s := c.slots[n]
		if s.of != nil && !c.answeredRoster(s) {
			break
		}
		if s.of == nil {
			c.sock.Reply(s.frames...)
		}
	}
	c.slots = c.slots[n:]
	if len(c.slots) == 0 {
		c.slots = nil
	}
}

// answeredRoster sends a roster. False: it comes again when there is room. mu is held.
func (c *conn) answeredRoster(s *slot) bool {
	w := s.of
	if w.held == s {
		w.held = nil
	}
	switch {
	case c.sock.Send(s.frames...) != socket.Full:
	case w.gone:
		s.instead()
	default:
		s.frames, w.stale = nil, true
		w.asks = append(w.asks, s)
		return false
	}
	return true
}
