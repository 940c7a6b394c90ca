package channels

import (
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
	places []Place // if kept: where the user is to be found; not yet read
	reason Reason
	former State // if doubted: the state to go back to
	kept   bool
	done   bool // nothing to wait for any more
}

// keep returns what an end waits for, or nil if it may happen at once.
func (v *View) keep(now Now, end End) *wait {
	if end.Forgotten && v.cfg.Grace > 0 {
		w := &wait{at: now.Run + v.cfg.Grace, reason: end.Reason, kept: true}
		v.kept++
		v.grace.push(w.at, w)
		return w
	}
	var places []Place
	for _, p := range end.Elsewhere {
		if !v.satisfied(p) {
			places = append(places, p)
		}
	}
	if places == nil || v.cfg.Timeout <= 0 {
		return nil
	}
	if v.kept >= v.cfg.MaxKept {
		v.stats.KeptTooMany++
		return nil
	}
	w := &wait{at: now.Run + v.cfg.Timeout, places: places, reason: end.Reason, kept: true}
	v.kept++
	for i, p := range places {
		if !onNode(places[:i], p.Node) {
			v.waits[p.Node] = append(v.waits[p.Node], w)
		}
	}
	v.keeps.push(w.at, w)
	return w
}

// satisfied reports whether there is nothing to wait for at a place.
func (v *View) satisfied(p Place) bool {
	if p.Node == v.cfg.Self {
		return true
	}
	if o := v.origins[p.Node]; o != nil {
		return o.left || o.number >= p.Number
	}
	_, gone := v.gone.byNode[p.Node]
	return gone
}

// satisfy tells those who wait for a node that it was read up to number.
func (v *View) satisfy(now Now, node NodeID, number uint64) {
	v.sweep(node, func(w *wait) bool {
		w.places = slices.DeleteFunc(w.places, func(p Place) bool {
			return p.Node == node && p.Number <= number
		})
		return onNode(w.places, node)
	})
}

// release tells those who wait for a node that it is not to be waited for.
func (v *View) release(now Now, node NodeID) { v.satisfy(now, node, 1<<64-1) }

// sweep asks of everyone who waits for a node whether to go on, and ends those
// who wait for nothing else.
func (v *View) sweep(node NodeID, goOn func(*wait) bool) {
	all := v.waits[node]
	if all == nil {
		return
	}
	rest := all[:0]
	for _, w := range all {
		switch {
		case w.done:
		case goOn(w):
			rest = append(rest, w)
		case len(w.places) == 0:
			v.endKept(w)
		}
	}
	clear(all[len(rest):])
	if v.waits[node] = rest; len(rest) == 0 {
		delete(v.waits, node)
	}
}

// endKept ends what was kept.
func (v *View) endKept(w *wait) {
	w.done = true
	v.kept--
	v.touchUser(w.s.user)
	if w.m == nil {
		w.s.user.unlink(w.s)
		return
	}
	v.touchMember(w.m).reason = w.reason
	w.m.remove(w.m.holdOf(w.s))
}

// onNode reports whether one of the places is on the node.
func onNode(places []Place, node NodeID) bool {
	return slices.ContainsFunc(places, func(p Place) bool { return p.Node == node })
}
