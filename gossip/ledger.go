package gossip

import (
	"slices"
	"sort"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// How long, and how many, removals are remembered. A reader that asks for what
// came after a number below the floor gets the whole table instead.
const (
	removalAge = 5 * time.Minute
	minGone    = 10_000 // default; the bound is this, or the live entries if they are more
)

// Item is one entry of a table: put, or ended, by the change of that Number.
type Item struct {
	ID uint64 // of the entry, unique on its origin, never used again
	channels.Change
}

// gone is a removal that is still remembered.
type gone struct {
	id, number uint64
	at         time.Duration // running time of its removal
}

// ledger holds the entries of one origin in the order of their last change: it
// is its own compacted log. Changing an entry moves it to the end.
type ledger struct {
	number uint64 // of the newest change
	floor  uint64 // highest number whose removal is forgotten
	digest uint64 // sum over the live entries of mix(id, number)
	live   int

	keep int // removals that are remembered, or the live entries if they are more

	numbers map[uint64]uint64 // of the last change of each entry, live and removed, by id
	slots   []Item            // by number; one whose entry has moved on has a number alone
	dead    int               // of these
	gone    []gone            // by number
}

func newLedger(keep int) *ledger { return &ledger{keep: keep, numbers: map[uint64]uint64{}} }

// get returns the live entry of that id, or nil. It is good until the next change.
func (l *ledger) get(id uint64) *Item {
	if number, ok := l.numbers[id]; ok {
		if it := &l.slots[l.after(number-1)]; it.End == nil {
			return it
		}
	}
	return nil
}

// set records a change. Numbers only grow; at is the running time.
func (l *ledger) set(at time.Duration, it Item) {
	l.drop(it.ID)
	l.numbers[it.ID] = it.Number
	l.slots = append(l.slots, it)
	l.number = max(l.number, it.Number)
	if it.End != nil {
		l.gone = append(l.gone, gone{it.ID, it.Number, at})
		return
	}
	l.live++
	l.digest += mix(it.ID, it.Number)
}

// drop takes the entry of that id out of the order.
func (l *ledger) drop(id uint64) {
	number, ok := l.numbers[id]
	if !ok {
		return
	}
	delete(l.numbers, id)
	old := &l.slots[l.after(number-1)]
	if old.End == nil {
		l.live--
		l.digest -= mix(id, number)
	}
	*old = Item{Change: channels.Change{Number: number}}
	l.dead++
	if l.dead > len(l.slots)/2+64 {
		l.slots = slices.DeleteFunc(l.slots, Item.movedOn)
		l.dead = 0
	}
}

// movedOn reports whether this is but the place of an entry that was changed since.
func (it Item) movedOn() bool { return it.ID == 0 }

// after returns the index of the first slot above n.
func (l *ledger) after(n uint64) int {
	return sort.Search(len(l.slots), func(i int) bool { return l.slots[i].Number > n })
}

// forget raises the floor over removals that are too old or too many.
func (l *ledger) forget(now time.Duration) {
	most, n := max(l.keep, l.live), 0
	for n < len(l.gone) && (len(l.gone)-n > most || now-l.gone[n].at >= removalAge) {
		g := l.gone[n]
		l.floor = max(l.floor, g.number)
		if l.numbers[g.id] == g.number {
			l.drop(g.id)
		}
		n++
	}
	// Moving the rest down would cost each removal at the bound all others.
	clear(l.gone[:n])
	if l.gone = l.gone[n:]; len(l.gone) == 0 {
		l.gone = nil
	}
}

// all calls f for every live entry, in the order of numbers.
func (l *ledger) all(f func(*Item)) {
	for i := range l.slots {
		if it := &l.slots[i]; !it.movedOn() && it.End == nil {
			f(it)
		}
	}
}

// changes yields every live entry as a put, in the order of numbers.
func (l *ledger) changes(yield func(channels.Change) bool) {
	for _, it := range l.slots {
		if !it.movedOn() && it.End == nil && !yield(it.Change) {
			return
		}
	}
}

// mix hashes an id and a number to 64 bits (the finalizer of SplitMix64, Steele,
// Lea and Flood 2014), so that a sum over entries tells two tables apart.
func mix(id, number uint64) uint64 {
	z := id*0x9e3779b97f4a7c15 + number
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
