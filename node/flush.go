package node

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// batch is the time between two diffs of a channel. The first change goes at
// once; what comes within a batch after it goes together. In a large channel, or one
// with many followers here, each diff is dear, so it is longer there.
const (
	batch      = 20 * time.Millisecond
	batchEach  = 20 * time.Microsecond // per member, or per follower if they are more
	batchMost  = time.Second
	countEvery = time.Second // between two counts, for those who follow no more
)

// maxJobs bounds what waits while a fan's followers are given what was before. Until
// there is room, the view gathers what changes, which is no more than its members.
const maxJobs = 4

// scheduleDirty schedules the channels that changed.
func (n *Node) scheduleDirty() {
	for _, d := range n.core.View.Dirty() {
		if f := n.fans[d.Channel]; f != nil {
			if f.changed.IsZero() {
				f.changed = n.entered
			}
			n.schedule(f)
		}
	}
}

// schedule has a fan flushed: at the end of this step, or when its batch is over.
func (n *Node) schedule(f *fan) {
	if f.batch != nil || f.queued {
		return
	}
	users, _ := n.core.View.Count(f.channel)
	wait := batchTime(max(users, len(f.live))) - time.Since(f.flushed)
	if wait <= 0 {
		n.enqueue(f)
		return
	}
	n.later(wait, &f.batch, func() { n.enqueue(f) })
}

// batchTime is the time between two diffs of a channel of that many members or followers.
func batchTime(many int) time.Duration {
	return min(max(batch, time.Duration(many)*batchEach), batchMost)
}

// enqueue has a fan flushed at the end of this step.
func (n *Node) enqueue(f *fan) {
	if !f.queued {
		f.queued = true
		n.due = append(n.due, f)
	}
}

// later does something after a while, in a step of its own. Until then the timer is set.
func (n *Node) later(wait time.Duration, timer **time.Timer, do func()) {
	*timer = time.AfterFunc(wait, func() {
		n.step(func(time.Time) {
			*timer = nil
			do()
		})
	})
}

// flushDue makes jobs of what the step made due.
func (n *Node) flushDue(now time.Time) {
	for _, f := range n.due {
		f.queued = false
		switch {
		case n.fans[f.channel] != f: // it has no followers any more
		case f.isBehind():
			n.stats.Postponed++
			if f.batch == nil {
				n.later(batch, &f.batch, func() { n.enqueue(f) })
			}
		default:
			n.flush(f, now)
			n.closeIdle(f)
		}
	}
	clear(n.due)
	n.due = n.due[:0]
}

// isBehind reports whether changes come faster than the followers can be told.
func (f *fan) isBehind() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.jobs) >= maxJobs
}

// flush makes a job of what a channel's followers are to be told, if there is anything.
func (n *Node) flush(f *fan, now time.Time) {
	n.stats.Flushes++
	f.flushed = now
	var j job
	if j.diff, j.changed = n.core.View.Flush(f.channel); j.changed {
		n.stats.Diffs++
	}
	j.since, f.changed = f.changed, time.Time{}
	j.counts = n.countsDue(f, now)
	j.joiners = n.joiners(f)
	if !j.changed && !j.counts && len(j.joiners) == 0 {
		return
	}
	j.to, f.shared, j.missing = f.live, len(f.live) > 0, n.missing
	j.count = f.count
	if len(j.joiners) > 0 {
		j.members, j.partial = n.roster(f.channel, j.joiners)
		f.admit(j.joiners)
	}
	f.mu.Lock()
	f.jobs = append(f.jobs, j)
	f.clocks.jobs.Add(1)
	f.mu.Unlock()
	n.jobs = append(n.jobs, f)
}

// countsDue reports whether those who only follow the count are told now. If it is too
// early for that, they will be. Members who only change, as by typing, are none of their business.
func (n *Node) countsDue(f *fan, now time.Time) bool {
	was := f.count
	f.count, _ = n.core.View.Count(f.channel)
	f.uncounted = f.counters > 0 && (f.uncounted || f.count != was)
	if !f.uncounted || f.recount != nil {
		return false
	}
	if wait := countEvery - now.Sub(f.counted); wait > 0 {
		n.later(wait, &f.recount, func() { n.enqueue(f) })
		return false
	}
	f.counted, f.uncounted = now, false
	return true
}

// joiners takes those who are to have a roster, and for which answer.
func (n *Node) joiners(f *fan) (all []joiner) {
	for _, w := range f.waiting {
		w.awaits = false
		slot, due := w.turn()
		if !due {
			continue
		}
		if slot == nil {
			n.stats.Resyncs++
		}
		all = append(all, joiner{w, slot})
	}
	f.waiting = nil
	return all
}

// admit makes followers live who get the roster by the job in the making.
func (f *fan) admit(joiners []joiner) {
	f.own()
	for _, w := range joiners {
		if w.place < 0 && !w.left {
			w.place = len(f.live)
			f.live = append(f.live, w.follow)
		}
	}
}

// roster returns the members to be listed: the first of a large channel, and then
// also those of the joiners who are further back, since theirs shall hold them.
func (n *Node) roster(channel string, joiners []joiner) (members []protocol.Member, partial bool) {
	users, _ := n.core.View.Count(channel)
	members = make([]protocol.Member, 0, min(users, n.cfg.MaxRoster))
	for m := range n.core.View.Members(channel) {
		if len(members) == n.cfg.MaxRoster {
			partial = true
			break
		}
		members = append(members, asMember(m))
	}
	if !partial {
		return members, false
	}
	listed := make(map[string]bool, len(members))
	for i := range members {
		listed[members[i].User] = true
	}
	for _, w := range joiners {
		if user := w.conn.user; w.member && !listed[user] {
			if m, ok := n.core.View.Member(channel, user); ok {
				listed[user] = true
				members = append(members, asMember(m))
			}
		}
	}
	return members, true
}

func asMember(m channels.Member) protocol.Member {
	return protocol.Member{User: m.User, Since: m.Since, Status: m.Status.String(), Data: m.Data,
		Profile: m.Profile, LastActivity: m.LastActivity}
}
