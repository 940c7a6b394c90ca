package gossip

import (
	"cmp"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// maxStaged bounds the entries that one origin may have, live and staged.
const maxStaged = 1 << 24

// Copy is what this node holds of a peer's table. It is exact up to a number:
// it equals the table as it was then. What a stream brings is staged until the
// sender's cursor has met the tip, and then applied as one.
type Copy struct {
	led   *ledger
	ready bool // met the tip at least once

	staged    []Item
	stagedTo  uint64 // what is staged covers all after led.number up to here
	stagedTip uint64 // the newest tip of those who sent it
	whole     bool   // what is staged replaces all that is held
	rereading bool   // the whole table was asked for and has not begun to come
}

func newCopy(keep int) Copy { return Copy{led: newLedger(keep)} }

// Number returns the number up to which the copy is exact.
func (c *Copy) Number() uint64 { return c.led.number }

// after returns the number to read on from.
func (c *Copy) after() uint64 {
	if c.whole {
		return c.stagedTo
	}
	return max(c.stagedTo, c.led.number)
}

// reread distrusts what is held: it stands until the whole table has come anew.
func (c *Copy) reread() { c.rereading = true; c.unstage() }

func (c *Copy) unstage() { c.staged, c.stagedTo, c.stagedTip, c.whole = nil, 0, 0, false }

// check refuses an answer that no table can have given.
func (c *Copy) check(a *Answer) error {
	if len(c.staged)+len(a.Items) > maxStaged {
		return fmt.Errorf("%w: table of more than %d entries", ErrMalformed, maxStaged)
	}
	n := a.From
	for i := range a.Items {
		it := &a.Items[i]
		if it.Number <= n || it.Number > a.To {
			return fmt.Errorf("%w: entry numbered %d after %d in an answer to %d", ErrMalformed, it.Number, n, a.To)
		}
		n = it.Number
		was := c.led.get(it.ID)
		if was != nil && it.End == nil && (was.Session != nil) != (it.Session != nil) {
			return fmt.Errorf("%w: entry %d was a session or a membership and is now the other", ErrMalformed, it.ID)
		}
	}
	return nil
}

// take stages a part of an answer and, if it is the final one, applies all that
// is staged. It returns the net changes, to be shown as one, and whether the
// copy is now at the sender's tip. Taking an answer twice changes nothing: one that
// does not begin where the copy or its staging ends is dropped with errGap.
func (c *Copy) take(now channels.Now, a *Answer) (changes []channels.Change, tip bool, err error) {
	switch {
	case a.Whole:
		c.unstage()
		c.whole, c.rereading = true, false
	case c.rereading || a.From != c.after():
		return nil, false, errGap
	}
	if err := c.check(a); err != nil {
		return nil, false, err
	}
	c.staged = append(c.staged, a.Items...)
	c.stagedTo, c.stagedTip = max(a.To, a.From), max(c.stagedTip, a.Tip)
	if !a.Final {
		return nil, false, nil
	}
	if a.To < c.led.number || a.To < c.stagedTip || !c.whole && a.To < a.From {
		c.unstage() // the sender knows less than we do, or than who sent the part before
		return nil, false, nil
	}
	changes = c.apply(now, a.To)
	if c.led.digest != a.Digest {
		return changes, true, errDigest
	}
	c.ready = true
	return changes, true, nil
}

// apply makes what is staged the copy as of number to: additions, then removals,
// then the number.
func (c *Copy) apply(now channels.Now, to uint64) []channels.Change {
	old := c.led
	if c.whole {
		c.led = newLedger(old.keep)
		c.led.floor = to
	}
	last := make(map[uint64]int, len(c.staged)) // an entry may be staged twice
	for i := range c.staged {
		last[c.staged[i].ID] = i
	}
	var puts, ends []channels.Change
	for i := range c.staged {
		it := &c.staged[i]
		if last[it.ID] != i {
			continue
		}
		was := old.get(it.ID)
		if it.End == nil {
			keepDates(it, was)
			if was == nil || was.Number != it.Number {
				puts = append(puts, it.Change)
			}
		} else if was != nil {
			ends = append(ends, channels.Change{Session: was.Session, Membership: was.Membership, End: it.End, Number: it.Number})
		} else if it.Session != nil || it.Membership != nil {
			ends = append(ends, it.Change) // came and went unseen, and her user is elsewhere
		}
		c.led.set(now.Run, *it)
	}
	if c.whole {
		ends = append(ends, missing(old, c.led)...)
	}
	c.led.number = max(c.led.number, to)
	c.led.forget(now.Run)
	c.unstage()
	return append(puts, ends...)
}

// missing returns ends for what old held and the whole table that replaced it
// does not tell of: those removals are forgotten, and their reasons with them.
func missing(old, whole *ledger) (ends []channels.Change) {
	old.all(func(it *Item) {
		if _, ok := whole.numbers[it.ID]; !ok {
			ends = append(ends, channels.Change{Session: it.Session, Membership: it.Membership,
				End: &channels.End{Reason: channels.ReasonClosed, Forgotten: true}})
		}
	})
	return ends
}

// keepDates lets an entry that was told again keep the dates that were made of
// its ages when they were first received: ages that travelled twice differ.
func keepDates(it, was *Item) {
	if was == nil {
		return
	}
	switch {
	case it.Membership != nil && was.Membership != nil:
		it.Membership.Since = was.Membership.Since
	case it.Session != nil && was.Session != nil:
		it.Session.Details = cmp.Or(was.Session.Details, it.Session.Details)
		if it.Session.State == was.Session.State {
			it.Session.Active = was.Session.Active
		}
	}
}

// renew returns all that is held, in records of their own: the view takes the
// records that it is given over, and frames with those of before may be under way.
func (c *Copy) renew() (puts []channels.Change) {
	c.led.all(func(it *Item) {
		if s := it.Session; s != nil {
			fresh := *s
			it.Session = &fresh
		} else {
			fresh := *it.Membership
			it.Membership = &fresh
		}
		puts = append(puts, it.Change)
	})
	return puts
}

// expire forgets old removals.
func (c *Copy) expire(run time.Duration) { c.led.forget(run) }
