package gossip

import "github.com/rollcall-presence/rollcall/channels"

// How much one answer carries: whichever is reached first ends it.
const (
	answerItems = 4096
	answerBytes = 192 << 10 // estimated; the largest entry fits on top below maxFrame
)

// cursor is how far one reader has come in one ledger. The sender keeps no
// queue: a slow reader's cursor stands still, and finds fewer, newer states
// when it moves on.
type cursor struct {
	origin channels.NodeID
	serial uint64 // of the Wants that asked
	at     uint64 // all up to this number was sent, or held before
	whole  bool   // the whole table is being sent, begun when the tip was start
	start  uint64
	again  bool // the reader distrusts what it holds: send the whole table
	fresh  bool // nothing was answered yet: the first answer is always sent
}

// pending reports whether the reader is owed an answer.
func (c *cursor) pending(l *ledger) bool { return c.fresh || c.at < l.number }

// advance moves the cursor over the next part of the ledger, of that many entries
// at most, and returns that part. The one that meets the tip is final and has the
// tip's number and digest.
func (c *cursor) advance(l *ledger, most int) *Answer {
	a := &Answer{Origin: c.origin, Serial: c.serial, Tip: l.number}
	if c.again || c.lost(l) {
		c.at, c.whole, c.start, c.again = 0, true, l.number, false
		a.Whole = true
	}
	c.fresh = false
	a.From, a.To = c.at, c.at
	size := 0
	for i := l.after(c.at); i < len(l.slots); i++ {
		if len(a.Items) == most || size > answerBytes {
			c.at = a.To
			return a
		}
		it := &l.slots[i]
		if it.movedOn() || it.End != nil && c.whole && it.Number <= c.start {
			continue
		}
		a.Items = append(a.Items, *it)
		a.To = it.Number
		size += itemSize(it)
	}
	a.To, a.Final, a.Digest = l.number, true, l.digest
	if c.at <= l.number {
		c.at, c.whole = l.number, false
	}
	return a
}

// lost reports whether removals that the reader has not seen are forgotten.
func (c *cursor) lost(l *ledger) bool {
	if c.whole {
		return l.floor > c.at && l.floor > c.start
	}
	return l.floor > c.at
}

// itemSize estimates the encoded size of an entry, from above.
func itemSize(it *Item) int {
	n := 64
	if e := it.End; e != nil {
		n += 32 * len(e.Elsewhere)
	}
	if s := it.Session; s != nil {
		n += len(s.User) + len(s.Profile)
		if c := s.Choice; c != nil {
			n += 48 + len(c.Text)
		}
		if d := s.Details; d != nil {
			n += 48 + len(d.Agent()) + len(d.Meta)
		}
	}
	if m := it.Membership; m != nil {
		n += len(m.Channel) + len(m.Data)
	}
	return n
}
