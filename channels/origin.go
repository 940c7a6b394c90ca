package channels

import (
	"maps"
	"slices"
	"time"
)

// origin is what a node told of its sessions.
type origin struct {
	id       NodeID
	number   uint64 // the copy is exact up to here
	sessions map[uint64]*session
	nobodys  int           // of these sessions: anonymous ones
	peak     int           // the most sessions at one time
	fate     *Cause        // of all that happens to its entries now; nil: they have causes of their own
	shown    bool          // events tell that it joined
	left     bool          // said goodbye: its sessions are in grace
	until    time.Duration // if left: running time at which they end
}

// Apply takes one atomic answer of a peer: the net changes of origin's table,
// after which the copy here is exact up to number. The order of changes does
// not matter; without any, only the number advances. The first answer after
// [View.Lost] holds the whole table.
//
// The records belong to the view from here on: it replaces their names by equal
// ones that it holds already. The caller has made sure that no answer is
// missing; one below the number already reached is dropped.
func (v *View) Apply(now Now, origin NodeID, changes []Change, number uint64) {
	v.apply(now, origin, changes, number, false)
}

// Replace is [View.Apply] of what the whole table, read anew, differs in from what
// was held. It may have forgotten where a user went who came there and left again:
// those who were waiting for her there are given the grace.
func (v *View) Replace(now Now, origin NodeID, changes []Change, number uint64) {
	v.apply(now, origin, changes, number, true)
}

func (v *View) apply(now Now, origin NodeID, changes []Change, number uint64, whole bool) {
	if origin == v.cfg.Self {
		v.stats.Odd++
		return
	}
	o := v.heard(now, origin)
	if number < o.number {
		v.stats.Old++
		return
	}
	o.number = number
	over := o.left && now.Run >= o.until
	if !over {
		v.tellShown(o)
		v.putAll(now, o, changes)
	}
	v.endEach(now, o, changes)
	for _, w := range v.satisfied(origin, number) {
		if whole {
			v.giveGrace(now, w)
		} else {
			v.endKept(w)
		}
	}
	if over {
		v.finishLeft(now, o)
	}
	o.fate = nil
	v.settle(now)
}

// putAll takes what begins, sessions before what they hold. It comes before
// endEach, so that whoever moved within one answer is never gone in between.
func (v *View) putAll(now Now, o *origin, changes []Change) {
	for _, c := range changes {
		if c.Session != nil && c.Membership == nil && c.End == nil {
			v.putSession(now, o, c.Session, c.Number)
		}
	}
	for _, c := range changes {
		if c.Membership != nil && c.Session == nil && c.End == nil {
			v.putMembership(now, o, c.Membership, c.Number)
		}
	}
}

// endEach takes what ends, memberships before their sessions.
func (v *View) endEach(now Now, o *origin, changes []Change) {
	var passed map[uint64]string // users of sessions that came and went since the last answer
	for _, c := range changes {
		if c.Session != nil && c.Membership == nil && c.End != nil && o.sessions[c.Session.ID] == nil {
			if passed == nil {
				passed = map[uint64]string{}
			}
			passed[c.Session.ID] = c.Session.User
		}
	}
	for _, c := range changes {
		if c.Membership != nil && c.Session == nil && c.End != nil {
			user := passed[c.Membership.Session]
			if s := o.sessions[c.Membership.Session]; s != nil {
				user = s.rec.User
			}
			v.endMembership(now, o, c.Membership, *c.End, user)
		}
	}
	for _, c := range changes {
		switch {
		case (c.Session == nil) == (c.Membership == nil):
			v.stats.Odd++
		case c.Session != nil && c.End != nil:
			v.endSession(now, o, c.Session, *c.End)
		}
	}
}

// Lost ends exactly the entries of a node that died, in one step, and waits no
// longer for what it was to tell. The node is forgotten; should it be heard
// again, [View.Apply] makes it live again, unless it had said goodbye. The beat is
// the highest that was heard of it.
func (v *View) Lost(now Now, origin NodeID, beat uint64) {
	if origin == v.cfg.Self {
		v.stats.Odd++
		return
	}
	mark := v.gone.byNode[origin]
	if o := v.origins[origin]; o != nil {
		mark = goneMark{o.left, o.number, beat}
		o.fate = &Cause{Origin: origin, How: Lost, N: o.number, Beat: beat}
		v.tellGone(o, ReasonNodeLost)
		v.endAll(now, o, ReasonNodeLost)
		o.fate = nil
		v.forget(o)
	}
	v.gone.add(origin, mark)
	v.release(origin)
	v.settle(now)
}

// Left tells that a node said goodbye age ago. What it still holds is in grace
// since then: it ends with reason closed unless the user is elsewhere by that
// time. What is told of it later is in grace too, with what remains.
func (v *View) Left(now Now, origin NodeID, age time.Duration) {
	if origin == v.cfg.Self {
		v.stats.Odd++
		return
	}
	until := now.Run + v.cfg.Grace - max(age, 0)
	o := v.heard(now, origin)
	if !o.left {
		o.left, o.until = true, until
		v.leaving = append(v.leaving, o)
		v.by(o, Goodbye, 0)
		for _, s := range o.inOrder() {
			v.touchSession(s)
		}
	}
	o.until = min(o.until, until)
	v.release(origin)
	if now.Run >= o.until {
		v.finishLeft(now, o)
	}
	v.settle(now)
}

// Number returns up to which number the copy of origin is exact, 0 if nothing
// is known of it; and for this node itself how many changes [View.Writes] told.
func (v *View) Number(origin NodeID) uint64 {
	if o := v.origins[origin]; o != nil {
		return o.number
	}
	return 0
}

// heard returns the origin, making it anew if need be. One that said goodbye
// does not come back to life; one that was lost does.
func (v *View) heard(now Now, id NodeID) *origin {
	if o := v.origins[id]; o != nil {
		return o
	}
	o := v.addOrigin(id)
	switch mark, ok := v.gone.byNode[id]; {
	case ok && mark.left:
		o.left, o.until = true, now.Run
		v.leaving = append(v.leaving, o)
	case ok:
		o.fate = &Cause{Origin: id, How: Back, N: mark.number, Beat: mark.beat}
	}
	v.gone.remove(id)
	return o
}

func (v *View) addOrigin(id NodeID) *origin {
	o := &origin{id: id, sessions: map[uint64]*session{}}
	v.origins[id] = o
	return o
}

// finishLeft ends what an origin that said goodbye still holds.
func (v *View) finishLeft(now Now, o *origin) {
	v.tellGone(o, ReasonLeft)
	v.endAll(now, o, ReasonClosed)
	v.forget(o)
	v.gone.add(o.id, goneMark{left: true})
}

func (v *View) endAll(now Now, o *origin, reason Reason) {
	for _, s := range o.inOrder() {
		v.endSession(now, o, s.rec, End{Reason: reason})
	}
}

func (v *View) forget(o *origin) {
	delete(v.origins, o.id)
	v.leaving = slices.DeleteFunc(v.leaving, func(l *origin) bool { return l == o })
}

// inOrder returns the sessions by id, so that nothing depends on the map.
func (o *origin) inOrder() []*session {
	all := make([]*session, 0, len(o.sessions))
	for _, id := range slices.Sorted(maps.Keys(o.sessions)) {
		all = append(all, o.sessions[id])
	}
	return all
}

// maxGone bounds how many nodes are remembered as gone. A node more than that
// ago is not named as a place any more.
const maxGone = 1024

// goneMarks remembers nodes that were lost or left, so that nobody waits for them.
type goneMarks struct {
	byNode map[NodeID]goneMark
	order  []NodeID // oldest first, the marks of byNode exactly
}

// goneMark says how a node went.
type goneMark struct {
	left         bool   // for good; else lost
	number, beat uint64 // if lost: its last ones
}

func (g *goneMarks) add(id NodeID, mark goneMark) {
	g.remove(id)
	if len(g.order) >= maxGone {
		g.remove(g.order[0])
	}
	g.byNode[id] = mark
	g.order = append(g.order, id)
}

func (g *goneMarks) remove(id NodeID) {
	if _, ok := g.byNode[id]; ok {
		delete(g.byNode, id)
		g.order = slices.DeleteFunc(g.order, func(o NodeID) bool { return o == id })
	}
}
