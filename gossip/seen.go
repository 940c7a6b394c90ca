package gossip

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// A node that has just begun asks one peer when the users who left were last seen,
// and if that stream ends before all is told, the next. Nothing depends on it but
// what people are told.

// maxSeen bounds the users of one frame. With the longest names it fits into MaxFrame.
const maxSeen = 1000

// inquiry is whom this node has asked, and whether all is told.
type inquiry struct {
	from *Link
	over bool
}

// ask reports whether a stream is the one to ask on.
func (q *inquiry) ask(l *Link) bool {
	if q.over || q.from != nil {
		return false
	}
	q.from = l
	return true
}

// unasked has the next peer asked if all is not told yet and the stream has ended.
func (c *Core) unasked(l *Link) {
	if c.seen.from != l || c.seen.over {
		return
	}
	c.seen.from = nil
	for _, other := range c.links {
		if other.dialed && other.proved && !other.closed {
			c.want(other)
			return
		}
	}
}

// learnSeen takes in what the peer that was asked tells.
func (c *Core) learnSeen(t channels.Now, l *Link, f *Frame) {
	if c.seen.from != l || c.seen.over {
		return
	}
	if len(f.Seen) > 0 {
		c.cfg.View.LearnSeen(t, f.Seen)
	}
	c.seen.over = f.SeenAll
}

// retold is what the peer on a stream is still to be told.
type retold struct {
	due  bool
	rest []channels.Seen
	at   time.Time // of their ages
}

// begin has all of them told.
func (r *retold) begin(now time.Time, all []channels.Seen) {
	*r = retold{due: true, rest: all, at: now}
}

// next returns the next ones, and whether they are the last.
func (r *retold) next(now time.Time) (some []channels.Seen, all bool) {
	if !r.due {
		return nil, false
	}
	for _, s := range r.rest[:min(len(r.rest), maxSeen)] {
		s.Age += now.Sub(r.at)
		some = append(some, s)
	}
	if r.rest = r.rest[len(some):]; len(r.rest) == 0 {
		*r = retold{}
		return some, true
	}
	return some, false
}
