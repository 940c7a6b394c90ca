package core

import (
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

var hashSeed = maphash.MakeSeed()

// content hashes what a table or copy holds, whatever the order, but for dates,
// which every node has by its own clock.
func content(entries iter.Seq[channels.Change]) (sum uint64) {
	for ch := range entries {
		var s string
		if x := ch.Session; x != nil {
			s = fmt.Sprintf("s %d %q %d %v %s", x.ID, x.User, x.State, x.Choice, x.Details.Agent())
		} else {
			m := ch.Membership
			s = fmt.Sprintf("m %d %d %q %s %d", m.ID, m.Session, m.Channel, m.Data, m.Stamp)
		}
		sum += maphash.String(hashSeed, s)
	}
	return sum
}

// snapshot remembers what a node's table held at its number.
func (w *world) snapshot(n *node) {
	t := n.core.Gossip.Table()
	if _, ok := w.snaps[n.id][t.Number()]; !ok {
		w.snaps[n.id][t.Number()] = content(t.All())
		for ch := range t.All() {
			if m := ch.Membership; m != nil {
				w.places[n.id][m.ID] = membership{n.core.View.Owner(m.Session), m.Channel}
			}
		}
	}
}

// noteEnds remembers the ends that an answer tells, and where they named the user.
func (w *world) noteEnds(n *node, a *gossip.Answer) {
	if a == nil || a.Origin != n.id {
		return
	}
	for _, it := range a.Items {
		if it.End != nil && len(it.End.Elsewhere) > 0 {
			w.ends = append(w.ends, ended{it.Number, n.id, w.places[n.id][it.ID], it.End})
		}
	}
}

// check holds one step of a node against the truth.
func (w *world) check(n *node, fx gossip.Effects) {
	frames := n.core.Gossip.Stats().Frames
	if frames != n.frames { // only frames change copies
		w.checkCopies(n)
	}
	for _, note := range fx.Notes {
		w.trace("%v: %v is %v after %v", n, w.byID[note.Node], note.State, note.Silent)
		if note.State == gossip.Lost {
			n.lost[note.Node] = true
			w.checkLost(n, w.byID[note.Node])
		}
	}
	told := n.core.View.Events()
	w.stream(n, told)
	for _, e := range told {
		switch e.Kind {
		case channels.ChannelJoined:
			w.trace("%v: %s joins %s", n, e.User, e.Channel)
			w.told[n] = append(w.told[n], e.User+" joins "+e.Channel)
			back := slices.Contains(n.hidden[e.User], e.Channel) // was a member all the while
			if n.learned && !back && !w.holds(n, e.User, e.Channel) {
				w.fail("%v shows %s join %s, but knows no live session of hers there", n, e.User, e.Channel)
			}
		case channels.ChannelLeft:
			w.trace("%v: %s leaves %s: %v", n, e.User, e.Channel, e.Reason)
			w.told[n] = append(w.told[n], fmt.Sprintf("%s leaves %s: %v", e.User, e.Channel, e.Reason))
			hid := e.Reason == channels.ReasonHidden
			if hid && !n.hides(e.User) {
				w.fail("%v shows %s hide in %s, but shows her elsewhere", n, e.User, e.Channel)
			}
			if !hid && w.holds(n, e.User, e.Channel) {
				w.fail("%v shows %s leave %s, but knows a live session of hers there", n, e.User, e.Channel)
			}
			w.checkLeave(n, e)
		}
	}
	for _, user := range users {
		if n.core.View.Chosen(user) == channels.StatusOffline {
			d, _ := n.core.View.Details(user)
			n.hidden[user] = d.Channels
		} else {
			delete(n.hidden, user)
		}
	}
	if frames != n.frames {
		n.frames = frames
		for p := range n.core.Gossip.Peers() {
			n.before[p.ID] = p.Number
		}
	}
}

// hides reports whether a node shows a user as offline.
func (n *node) hides(user string) bool {
	return n.core.View.User(user).Status == channels.StatusOffline
}

// checkCopies holds every copy that is exact up to a number against the table as
// of that number.
func (w *world) checkCopies(n *node) {
	for p := range n.core.Gossip.Peers() {
		if p.Shown {
			delete(n.lost, p.ID)
		}
		if p.Number == n.before[p.ID] {
			continue
		}
		want, ok := w.snaps[p.ID][p.Number]
		if !ok {
			w.fail("%v has %v at %d, which no step of it ended at", n, w.byID[p.ID], p.Number)
		} else if got := content(n.core.Gossip.Held(p.ID)); got != want {
			w.fail("%v has %v at %d with other entries than it had itself", n, w.byID[p.ID], p.Number)
		}
	}
}

// holds reports whether a node knows a live session of a user in a channel.
func (w *world) holds(n *node, user, channel string) bool {
	if heldIn(n.core.Gossip.Table().All(), user, channel) {
		return true
	}
	for p := range n.core.Gossip.Peers() {
		if p.Shown && p.State != gossip.Gone && heldIn(n.core.Gossip.Held(p.ID), user, channel) {
			return true
		}
	}
	return false
}

func heldIn(entries iter.Seq[channels.Change], user, channel string) bool {
	live := map[uint64]bool{}
	for ch := range entries {
		if s := ch.Session; s != nil && s.User == user && s.State != channels.Broken {
			live[s.ID] = true
		}
	}
	for ch := range entries {
		if m := ch.Membership; m != nil && m.Channel == channel && live[m.Session] {
			return true
		}
	}
	return false
}

// checkLost asks whether a node had reason to give up another: not if a beat had
// reached it in the timeout before, or reached somebody whom it could ask and be
// answered by.
func (w *world) checkLost(n, of *node) {
	const slack = 10 * time.Millisecond
	if of.dead {
		return
	}
	if since := w.now.Sub(w.beats[pair{n.id, of.id}].at); since < timeout-slack {
		w.fail("%v gives up %v, a beat of which had reached it %v before", n, of, since)
	}
	asking := interval / 4 // from overdue to timeout, less the last question
	if w.now.Sub(n.since) < asking {
		return
	}
	for _, p := range w.nodes {
		if p == n || !p.running() || w.now.Sub(p.since) < asking || !w.net.sound(n, p, asking) || !w.net.sound(p, n, asking) {
			continue
		}
		if p == of {
			w.fail("%v gives up %v, which it could have asked", n, of)
			return
		}
		w.checkTeller(n, of, p)
	}
}

// checkTeller asks whether a node gave up another although a third could have told it of a
// beat. At second hand a beat counts from when it was made, not from when it came.
func (w *world) checkTeller(n, of, p *node) {
	at := w.beats[pair{p.id, of.id}]
	since, made := w.now.Sub(at.at), w.now.Sub(at.made)
	if !at.dated || made >= timeout {
		return
	}
	told := since > 3*interval/20 && p.since.Before(w.now.Add(-since-interval/10)) && p.knows(of) // there was time for that
	switch {
	case at.beat > n.beatOf(of) && told && made < timeout-10*time.Millisecond:
		w.fail("%v gives up %v, of which %v had heard %v before and could have been asked", n, of, p, since)
	case at.beat == n.beatOf(of) && made < timeout-interval/10: // so much older an age is told at first contact over a slow stream
		w.fail("%v gives up %v by a beat that %v had heard, made %v before", n, of, p, made)
	}
}

// beatOf returns the highest beat that a node knows of another.
func (n *node) beatOf(of *node) uint64 {
	for p := range n.core.Gossip.Peers() {
		if p.ID == of.id {
			return p.Beat
		}
	}
	return 0
}

// knows reports whether a node has another among its living peers.
func (n *node) knows(of *node) bool {
	for p := range n.core.Gossip.Peers() {
		if p.ID == of.id {
			return p.State == gossip.Here || p.State == gossip.Late
		}
	}
	return false
}

// checkLeave asks whether the user is somewhere else, where whoever ended her
// session in this step knew her to be: news of a departure must not win over news
// of a return.
func (w *world) checkLeave(n *node, e channels.Event) {
	for _, end := range w.ends {
		if end.membership != (membership{e.User, e.Channel}) || end.end.Reason != e.Reason || end.number <= n.before[end.by] || end.number > n.reached(end.by) {
			continue
		}
		for _, c := range w.clients {
			is := c.open && c.user == e.User && slices.Contains(c.rooms, e.Channel) && c.node.running() && c.node != n
			if is && c.since.Before(w.now.Add(-w.net.slow)) && end.names(c) && n.knows(c.node) && !n.lost[c.node.id] {
				w.fail("%v shows %s leave %s, but %v ended that naming %v, where she is", n, e.User, e.Channel, w.byID[end.by], c.node)
			}
		}
	}
}

// names reports whether the end tells of the node where a client is, as of when it was there.
func (e ended) names(c *client) bool {
	return slices.ContainsFunc(e.end.Elsewhere, func(p channels.Place) bool { return p.Node == c.node.id && p.Number >= c.number })
}

// reached returns the number up to which a node has the table of another.
func (n *node) reached(id channels.NodeID) uint64 {
	for p := range n.core.Gossip.Peers() {
		if p.ID == id {
			return p.Number
		}
	}
	return 0
}

// expectGone demands that a killed node's entries are gone everywhere within
// timeout and half a second of its last beat.
func (w *world) expectGone(dead *node) {
	last := dead.stopped
	for p, at := range w.beats {
		if p.of == dead.id && at.at.After(last) {
			last = at.at
		}
	}
	due := last.Add(timeout + 500*time.Millisecond)
	if w.now.Before(due) {
		w.after(due.Sub(w.now), func() { w.expectGone(dead) }) // unless a packet of its was on the way for long
		return
	}
	for _, n := range w.nodes {
		w.expectGoneAt(n, dead)
	}
}

// expectGoneAt looks at one node; one that was paused has that much longer.
func (w *world) expectGoneAt(n, dead *node) {
	if !n.running() || w.now.Sub(n.since) < timeout+interval/10+time.Second {
		return // it began anew, or is too busy with itself, to be judged by that
	}
	for p := range n.core.Gossip.Peers() {
		if p.ID == dead.id && p.Shown && p.State != gossip.Gone {
			w.fail("%v still shows %v, which was killed %v ago", n, dead, w.now.Sub(dead.stopped))
		}
	}
}

// expectTruth demands that every node knows exactly the sessions that exist, and shows
// them but for users who hide: for who does, see expectAgreement.
func (w *world) expectTruth() {
	for _, user := range users {
		want := map[string]bool{}
		for _, c := range w.clients {
			for _, room := range c.rooms {
				want[room] = want[room] || c.open && c.user == user
			}
		}
		for _, n := range w.nodes {
			if n.dead {
				continue
			}
			d, _ := n.core.View.Details(user)
			for _, room := range []string{"r0", "r1", "r2"} {
				_, shown := n.core.View.Member(room, user)
				is := slices.Contains(d.Channels, room)
				if is != want[room] || shown != (is && !n.hides(user)) {
					w.fail("%v has %s in %s: %v, shown: %v; it should be %v", n, user, room, is, shown, want[room])
				}
			}
		}
	}
}

// expectAgreement demands that all nodes show the same of every user.
func (w *world) expectAgreement() {
	for _, user := range users {
		var first *node
		for _, n := range w.nodes {
			if n.dead {
				continue
			}
			if first == nil {
				first = n
			}
			a, b := first.core.View.User(user), n.core.View.User(user)
			if a.Status != b.Status || a.Text != b.Text {
				w.fail("%v shows %s as %d, %q, and %v as %d, %q", first, user, a.Status, a.Text, n, b.Status, b.Text)
			}
		}
	}
}

// expectNoAlarm demands that nothing happened that must not.
func (w *world) expectNoAlarm() {
	for _, n := range w.nodes {
		s, v := n.core.Gossip.Stats(), n.core.View.Stats()
		if s.Rereads > 0 || s.Malformed > 0 || s.Crowded > 0 || v.Odd > 0 {
			w.fail("%v counts %+v, %+v", n, s, v)
		}
	}
}
