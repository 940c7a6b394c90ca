package core

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// TestNodesTellTheSameEventsOfTheSameCauses lets one thing happen after another, and
// demands that all nodes tell of it by the same ids.
func TestNodesTellTheSameEventsOfTheSameCauses(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(seed, 5)
		w.quiet = true
		w.run(3 * timeout)
		told := 0
		for range 100 {
			what := w.act()
			w.run(timeout + 2*time.Second)
			told += w.expectSameEvents(what)
		}
		for _, n := range w.nodes[:2] {
			if n == w.nodes[0] {
				w.kill(n)
			} else {
				w.leave(n)
			}
			w.run(2 * timeout)
			told += w.expectSameEvents(fmt.Sprint("the end of ", n))
		}
		if w.err != nil {
			t.Fatal(w.err)
		}
		if told < 60 {
			t.Errorf("seed %d: %d events were compared", seed, told)
		}
	}
}

// act has one thing happen, and says what. Of two that come in one answer, its readers see
// only what they make together.
func (w *world) act() string {
	room := []string{"r0", "r1"}[w.rng.IntN(2)]
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	if len(w.clients) < 3 {
		return fmt.Sprintf("%s connects", w.connect(n, fmt.Sprint("u", w.rng.IntN(3)), nil).user)
	}
	c := w.clients[w.rng.IntN(len(w.clients))]
	view := c.node.core.View
	do := func(f func(now channels.Now)) { c.node.do(func(now time.Time) { f(c.node.core.Now(now)) }) }
	w.lastID++
	switch w.rng.IntN(8) {
	case 0:
		return fmt.Sprintf("%s connects", w.connect(n, fmt.Sprint("u", w.rng.IntN(3)), nil).user)
	case 1:
		w.bye(c)
		return c.user + " says bye"
	case 2:
		w.breaks(c)
		return c.user + " breaks"
	case 3:
		do(func(now channels.Now) { view.Join(now, c.session, room, "") })
		c.rooms = append(c.rooms, room)
		return c.user + " joins " + room
	case 4:
		do(func(now channels.Now) { view.Leave(now, c.session, room, channels.ReasonLeft) })
		c.rooms = slices.DeleteFunc(c.rooms, func(r string) bool { return r == room })
		return c.user + " leaves " + room
	case 5:
		do(func(now channels.Now) { view.Update(now, c.session, room, fmt.Sprintf(`{"n":%d}`, w.lastID)) })
		return c.user + " updates " + room
	case 6:
		status := channels.StatusOnline + channels.Status(w.rng.IntN(4))
		do(func(now channels.Now) { view.Choose(now, c.session, status, fmt.Sprint(w.lastID%3)) })
		return fmt.Sprint(c.user, " chooses ", status)
	default:
		state := channels.Online + channels.State(w.rng.IntN(2))
		do(func(now channels.Now) { view.SetState(now, c.session, state, now.Wall) })
		return fmt.Sprint(c.user, " is ", state)
	}
}

// expectSameEvents demands that all nodes told the same events since it was last called,
// and returns how many.
func (w *world) expectSameEvents(what string) int {
	var first *node
	for _, n := range w.nodes {
		if n.dead {
			continue
		}
		slices.Sort(n.ids)
		switch {
		case first == nil:
			first = n
		case !slices.Equal(n.ids, first.ids):
			for _, id := range append(slices.Clone(n.ids), first.ids...) {
				if slices.Contains(n.ids, id) != slices.Contains(first.ids, id) {
					w.fail("%s: %v or %v tells %s, by the id %s, and the other does not", what, n, first, w.ids[id], id)
				}
			}
		}
	}
	told := len(first.ids)
	for _, n := range w.nodes {
		n.ids = nil
	}
	return told
}
