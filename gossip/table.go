package gossip

import (
	"iter"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// Table holds a node's own entries. The node that owns it is its only writer.
type Table struct{ led *ledger }

// Number returns the number of the newest change; 0 if there was none.
func (t *Table) Number() uint64 { return t.led.number }

// Digest returns the sum over the live entries of a hash of id and number.
func (t *Table) Digest() uint64 { return t.led.digest }

// Len returns the count of live entries.
func (t *Table) Len() int { return t.led.live }

// put gives a change the next number and records it. An end of what the table
// does not hold is no change.
func (t *Table) put(run time.Duration, ch channels.Change) bool {
	id := changeID(ch)
	if ch.End != nil && t.led.get(id) == nil {
		return false
	}
	if ch.End != nil {
		ch = remains(ch)
	}
	ch.Number = t.led.number + 1
	t.led.set(run, Item{id, ch})
	t.led.forget(run)
	return true
}

// remains returns what a removal keeps of what ended: nothing, unless its user is
// elsewhere. Then a reader that never saw the entry has to know whom it was about,
// or it would not wait for her where she went.
func remains(ch channels.Change) channels.Change {
	switch s, m := ch.Session, ch.Membership; {
	case len(ch.End.Elsewhere) == 0:
		return channels.Change{End: ch.End}
	case s != nil:
		return channels.Change{End: ch.End, Session: &channels.Session{ID: s.ID, User: s.User, State: s.State, Choice: s.Choice}}
	default:
		return channels.Change{End: ch.End, Membership: &channels.Membership{ID: m.ID, Session: m.Session, Channel: m.Channel, Since: m.Since}}
	}
}

// changeID returns the id of the entry that a change is about.
func changeID(ch channels.Change) uint64 {
	if ch.Session != nil {
		return ch.Session.ID
	}
	return ch.Membership.ID
}

// All returns the live entries, by number.
func (t *Table) All() iter.Seq[channels.Change] {
	return t.led.changes
}
