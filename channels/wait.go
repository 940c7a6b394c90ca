package channels

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// wait is why a session or a hold that would be over is not over yet: an own
// session in grace, or one that ended and is awaited elsewhere, or whose end is
// forgotten (kept).
type wait struct {
	s      *session
	m      *member // if kept: the member of which s holds a part; nil: s is a session
	at     time.Duration
	places []Place // if kept: where the user is to be found, one of each node
	unread int     // how many of these are not read yet
	serial uint64  // if kept: in the order in which they began to wait
	reason Reason
	former State // if doubted: the state to go back to
	kept   bool
	done   bool // nothing to wait for any more
}

// waiters are those who wait for one node, the lowest number on top.
type waiters []waiter

type waiter struct {
	number uint64
	w      *wait
}

func (h waiters) Len() int           { return len(h) }
func (h waiters) Less(i, j int) bool { return h[i].number < h[j].number }
func (h waiters) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *waiters) Push(x any)        { *h = append(*h, x.(waiter)) }

func (h *waiters) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = waiter{}
	*h = (*h)[:last]
	return w
}

// keep returns what an end waits for, or nil if it may happen at once.
func (v *View) keep(now Now, end End) *wait {
	var places []Place
	for _, p := range end.Elsewhere {
		if !v.read(p) {
			places = addPlace(places, p)
		}
	}
	forgotten := end.Forgotten && v.cfg.Grace > 0
	if !forgotten && (places == nil || v.cfg.Timeout <= 0) {
		return nil
	}
	if v.kept >= v.cfg.MaxKept {
		v.stats.KeptTooMany++
		return nil
	}
	v.kept++
	v.lastKept++
	w := &wait{
		at: now.Run + v.cfg.Timeout, places: places, unread: len(places),
		serial: v.lastKept, reason: end.Reason, kept: true,
	}
	if forgotten {
		v.giveGrace(now, w)
		return w
	}
	for _, p := range places {
		if v.waits[p.Node] == nil {
			v.waits[p.Node] = &waiters{}
		}
		heap.Push(v.waits[p.Node], waiter{p.Number, w})
	}
	v.keeps.push(w.at, w)
	return w
}

// read reports whether there is nothing to wait for at a place.
func (v *View) read(p Place) bool {
	if p.Node == v.cfg.Self {
		return true
	}
	if o := v.origins[p.Node]; o != nil {
		return o.left || o.number >= p.Number
	}
	_, gone := v.gone.byNode[p.Node]
	return gone
}

// satisfied takes out those who wait for a node to be read up to number, and
// returns those of them who wait for nothing else, in the order in which they began.
func (v *View) satisfied(node NodeID, number uint64) (over []*wait) {
	h := v.waits[node]
	if h == nil {
		return nil
	}
	for len(*h) > 0 && (*h)[0].number <= number {
		w := heap.Pop(h).(waiter).w
		if w.unread--; w.unread == 0 && !w.done {
			over = append(over, w)
		}
	}
	if len(*h) == 0 {
		delete(v.waits, node)
	}
	slices.SortFunc(over, func(a, b *wait) int { return cmp.Compare(a.serial, b.serial) })
	return over
}

// release ends those who wait for a node that is not to be waited for.
func (v *View) release(node NodeID) {
	for _, w := range v.satisfied(node, 1<<64-1) {
		v.endKept(w)
	}
}

// giveGrace lets one who waits for nothing any more stand for the grace.
func (v *View) giveGrace(now Now, w *wait) {
	if v.cfg.Grace <= 0 {
		v.endKept(w)
		return
	}
	w.at, w.places = now.Run+v.cfg.Grace, nil
	v.grace.push(w.at, w)
}

// endKept ends what was kept.
func (v *View) endKept(w *wait) {
	w.done = true
	v.kept--
	u := w.s.user
	if w.m == nil {
		v.by(w.s.origin, Ended, w.s.rec.ID)
		v.touchLeft(u)
		u.unlink(w.s)
	} else {
		h := w.m.holdOf(w.s)
		v.by(w.s.origin, Ended, h.rec.ID)
		v.touchLeft(u)
		v.touchMember(w.m).reason = w.reason
		v.removeHold(w.m, h)
	}
	if !u.remains() {
		v.touchUser(u)
	}
}

// giveUpWaiting ends those who were kept for the whole timeout.
func (v *View) giveUpWaiting(now Now) {
	nodes := map[NodeID]bool{}
	for t, ok := v.keeps.next(waiting); ok && t.at <= now.Run; t, ok = v.keeps.next(waiting) {
		v.stats.KeptTooLong++
		v.endKept(t.item)
		for _, p := range t.item.places {
			nodes[p.Node] = true
		}
	}
	for node := range nodes { // in any order: those who are over wait no longer
		h := v.waits[node]
		if h == nil {
			continue
		}
		*h = slices.DeleteFunc(*h, func(w waiter) bool { return w.w.done })
		if heap.Init(h); len(*h) == 0 {
			delete(v.waits, node)
		}
	}
}
