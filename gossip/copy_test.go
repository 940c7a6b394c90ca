package gossip

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// origin is a table that a test changes, and the truth about it.
type origin struct {
	table Table
	ids   []uint64
	last  uint64
	now   time.Duration
}

func newOrigin() *origin { return &origin{table: Table{newLedger(minGone)}} }

func (o *origin) change(rng *rand.Rand) {
	switch r := rng.IntN(4); {
	case r < 2 || len(o.ids) == 0:
		o.last++
		o.ids = append(o.ids, o.last)
		o.table.put(o.now, channels.Change{Session: &channels.Session{ID: o.last, User: "u", State: channels.Online}})
	case r == 2:
		id := o.ids[rng.IntN(len(o.ids))]
		o.table.put(o.now, channels.Change{Session: &channels.Session{ID: id, User: "u", State: channels.Away}})
	default:
		i := rng.IntN(len(o.ids))
		id := o.ids[i]
		o.ids = append(o.ids[:i], o.ids[i+1:]...)
		o.table.put(o.now, channels.Change{Session: &channels.Session{ID: id}, End: &channels.End{Reason: channels.ReasonLeft}})
	}
}

// shown is a view of one origin, kept only by the changes that a copy returns.
type shown map[uint64]channels.State

func (s shown) apply(t *testing.T, changes []channels.Change) {
	t.Helper()
	for _, ch := range changes {
		id := ch.Session.ID
		if ch.End != nil {
			if _, ok := s[id]; !ok {
				t.Fatalf("end of %d, which was not shown", id)
			}
			delete(s, id)
		} else {
			s[id] = ch.Session.State
		}
	}
}

func (s shown) equal(l *ledger) error {
	n := 0
	var err error
	l.all(func(it *Item) {
		n++
		if s[it.ID] != it.Session.State {
			err = fmt.Errorf("entry %d is shown as %v, want %v", it.ID, s[it.ID], it.Session.State)
		}
	})
	if n != len(s) {
		return fmt.Errorf("%d entries are shown, want %d", len(s), n)
	}
	return err
}

// TestCopyEqualsTable reads a table that changes all the time over streams that
// break anywhere, with a cursor that is often overtaken by the floor, and applies
// everything twice.
func TestCopyEqualsTable(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		o, c, view := newOrigin(), newCopy(minGone), shown{}
		var cur *cursor
		for range 400 {
			for range rng.IntN(20) {
				o.change(rng)
			}
			if rng.IntN(50) == 0 {
				o.now += removalAge
				o.table.led.forget(o.now)
			}
			if cur == nil || rng.IntN(10) == 0 {
				cur = &cursor{at: c.after(), again: c.rereading, fresh: true}
			}
			if rng.IntN(100) == 0 {
				c.reread()
				cur = nil
				continue
			}
			a := cur.advance(o.table.led, rng.IntN(30)+1)
			if rng.IntN(20) == 0 {
				cur = nil // what was under way is lost
				continue
			}
			changes, tip, err := c.take(channels.Now{}, a)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			view.apply(t, changes)
			if err := view.equal(c.led); err != nil {
				t.Fatalf("seed %d: view and copy differ: %v", seed, err)
			}
			if tip {
				if err := view.equal(o.table.led); err != nil || c.Number() != o.table.Number() {
					t.Fatalf("seed %d: at %d of %d: %v", seed, c.Number(), o.table.Number(), err)
				}
			}
			if again, _, _ := c.take(channels.Now{}, a); len(again) > 0 && !a.Whole {
				t.Fatalf("seed %d: the same answer again gives %d changes", seed, len(again))
			}
			if a.Whole {
				cur = nil // the repeated beginning of a whole table restages it
			}
		}
	}
}

func TestWholeTableIsOneStep(t *testing.T) {
	o, c, view := newOrigin(), newCopy(minGone), shown{}
	rng := rand.New(rand.NewPCG(7, 7))
	for range 50 {
		o.change(rng)
	}
	read := func() []channels.Change {
		changes, _, err := c.take(channels.Now{}, (&cursor{at: c.after(), again: c.rereading, fresh: true}).advance(o.table.led, answerItems))
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
	view.apply(t, read())
	c.reread()
	if changes := read(); len(changes) != 0 {
		t.Errorf("the same table read as a whole gives %d changes, want none", len(changes))
	}
	if err := view.equal(o.table.led); err != nil {
		t.Error(err)
	}
}

func TestCopyNeverGoesBackwards(t *testing.T) {
	o, c := newOrigin(), newCopy(minGone)
	rng := rand.New(rand.NewPCG(3, 3))
	for range 20 {
		o.change(rng)
	}
	early := (&cursor{fresh: true}).advance(o.table.led, answerItems)
	for range 20 {
		o.change(rng)
	}
	late := (&cursor{fresh: true}).advance(o.table.led, answerItems)
	if _, tip, err := c.take(channels.Now{}, late); !tip || err != nil {
		t.Fatal(tip, err)
	}
	if changes, tip, err := c.take(channels.Now{}, early); len(changes) > 0 || tip || !errors.Is(err, errGap) {
		t.Errorf("an old answer gave %d changes, tip %v, error %v, want it dropped", len(changes), tip, err)
	}
	early.Whole = true
	if changes, tip, _ := c.take(channels.Now{}, early); len(changes) > 0 || tip {
		t.Errorf("an old whole table gave %d changes, tip %v, want it dropped", len(changes), tip)
	}
	if c.Number() != o.table.Number() {
		t.Errorf("copy is at %d, want %d", c.Number(), o.table.Number())
	}
}

func TestRemovalsAreBounded(t *testing.T) {
	o := newOrigin()
	put := func(id uint64, end *channels.End) {
		o.table.put(0, channels.Change{Session: &channels.Session{ID: id, State: channels.Online}, End: end})
	}
	for id := range uint64(3 * minGone) {
		put(id+1, nil)
		put(id+1, &channels.End{Reason: channels.ReasonLeft})
	}
	led := o.table.led
	if len(led.gone) != minGone || led.floor == 0 || len(led.numbers) != minGone || len(led.slots) > 3*minGone {
		t.Errorf("%d removals, %d items, %d slots, floor %d; want %d removals, no more items, and a floor",
			len(led.gone), len(led.numbers), len(led.slots), led.floor, minGone)
	}
	led.forget(removalAge)
	if len(led.gone) != 0 || led.floor != led.number || len(led.numbers) != 0 || led.digest != 0 {
		t.Errorf("after %v: %d removals, floor %d of %d, digest %d; want nothing left", removalAge, len(led.gone), led.floor, led.number, led.digest)
	}
}

func TestAnswersThatNoTableGivesAreRefused(t *testing.T) {
	session := func(id, n uint64) Item {
		return Item{ID: id, Change: channels.Change{Number: n, Session: &channels.Session{ID: id, State: channels.Online}}}
	}
	for name, a := range map[string]*Answer{
		"numbers that fall":          {To: 5, Items: []Item{session(1, 3), session(2, 2)}},
		"numbers that stand":         {To: 5, Items: []Item{session(1, 3), session(2, 3)}},
		"a number beyond the answer": {To: 5, Items: []Item{session(1, 6)}},
		"a number before the answer": {From: 0, To: 5, Items: []Item{session(1, 0)}},
	} {
		c := newCopy(minGone)
		if _, _, err := c.take(channels.Now{}, a); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error %v, want ErrMalformed", name, err)
		}
	}
}

func TestDetailsAreKeptAsTheyFirstCame(t *testing.T) {
	table, c := Table{newLedger(minGone)}, newCopy(minGone)
	details := func() *channels.Details {
		all := c.led.get(1)
		return all.Session.Details
	}
	tell := func(state channels.State, since int64) {
		t.Helper()
		table.put(0, channels.Change{Session: &channels.Session{ID: 1, User: "u", State: state, Details: channels.NewDetails(netip.Addr{}, "agent", "", since)}})
		if _, _, err := c.take(channels.Now{}, (&cursor{at: c.after(), fresh: true}).advance(table.led, answerItems)); err != nil {
			t.Fatal(err)
		}
	}
	tell(channels.Online, 5000)
	first := details()
	tell(channels.Away, 5003) // an age that took another time to come
	if got := details(); got != first || got.Since != 5000 {
		t.Errorf("told again, the details are %+v, want those of before", got)
	}
}
