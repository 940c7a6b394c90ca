package node

import "time"

// wheel keeps connections by when to look at them next, in ticks of running time, so that each
// is looked at when something may be due and not with every tick. It is a timing wheel
// (Varghese and Lauck, Hashed and Hierarchical Timing Wheels, 1987) of one level: who is to be looked
// at later than one turn from now is looked at after that turn. Guarded by Node.mu.
type wheel struct {
	tick  time.Duration
	next  int64 // the first tick whose connections were not looked at
	slots [wheelTurn][]*conn
	spare []*conn // an empty list
}

// wheelTurn is more ticks than there are in an interval.
const wheelTurn = 64

// add has a connection looked at in that running time, or up to a tick later, and not as
// was said before.
func (w *wheel) add(c *conn, at time.Duration) {
	slot := int64((at + w.tick - 1) / w.tick)
	c.look = min(max(slot, w.next), w.next+wheelTurn-1)
	w.slots[c.look%wheelTurn] = append(w.slots[c.look%wheelTurn], c)
}

// turn looks at the connections whose time has come. Look may call add.
func (w *wheel) turn(run time.Duration, look func(*conn)) {
	for w.next <= int64(run/w.tick) {
		now, slot := w.next, &w.slots[w.next%wheelTurn]
		due := *slot
		*slot, w.spare = w.spare, nil
		w.next++
		for i, c := range due {
			due[i] = nil
			if c.look == now { // else it was added anew
				look(c)
			}
		}
		w.spare = due[:0]
	}
}
