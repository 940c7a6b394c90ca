package node

import (
	"slices"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// fan carries what happens in one channel to the sockets that follow it here.
//
// Under Node.mu a flush makes a job: the net difference since the last one, who
// is to have it, and who came since and is to have the roster. Jobs are delivered
// in their order by one goroutine at a time, which encodes and frames once and
// hands the same bytes to every socket. So a follower gets the roster at version v
// and then v+1, v+2 … without a gap.
type fan struct {
	channel string
	clocks  *clocks // of the node

	// Guarded by Node.mu.
	live    []*follow // have the roster, or will by a job made before
	waiting []*follow // are to have it by the next job
	shared  bool      // live is in a job, to be copied before it changes
	missing bool      // live was told that members may be missing
	queued  bool      // in Node.due
	flushed time.Time
	changed time.Time   // when the oldest change came that live was not told; zero: there is none
	batch   *time.Timer // to the next flush; nil: none is asked for, or it is due now

	counters  int // followers of the count only
	counted   time.Time
	count     int         // of members, at the last flush
	uncounted bool        // that changed since
	recount   *time.Timer // until they may be told again; nil: they may now

	mu         sync.Mutex // guards jobs and delivering
	jobs       []job
	delivering bool

	version uint64 // of the last message; owned by who delivers
}

// follow is one socket's interest in a channel.
type follow struct {
	conn *conn
	fan  *fan
	mode protocol.Mode

	// Guarded by Node.mu.
	member bool // joined, not only watched
	place  int  // in fan.live; -1: not there
	awaits bool // in fan.waiting
	left   bool // follows no more, and is at most owed rosters

	// Guarded by conn.mu.
	held  *slot // the roster waits in it for answers before it, and so must diffs
	stale bool  // diffs were refused: no more of them before a roster
	again bool  // a roster is due though no diff was refused
	gone  bool  // nothing more is sent but rosters that are owed
}

// job is what one flush has for a channel's followers.
type job struct {
	diff    channels.Diff // Version is not used: see fan.version
	changed bool
	since   time.Time // of the oldest change in it, when it came to this node
	to      []*follow // have the roster before diff
	joiners []joiner  // get the roster after it
	members []protocol.Member
	partial bool
	missing bool
	count   int
	counts  bool // those who only follow the count are due
}

// joiner is a follower who gets a roster: in the place of an answer, or unasked,
// because diffs were dropped.
type joiner struct {
	*follow
	slot *slot // nil: unasked
}

// fanOf returns the fan of a channel, which is made if nobody follows it yet.
func (n *Node) fanOf(channel string) *fan {
	f := n.fans[channel]
	if f == nil {
		f = &fan{channel: channel, clocks: n.clocks, version: 1, missing: n.missing}
		n.fans[channel] = f
		n.core.View.Follow(channel)
	}
	return f
}

// follows makes a connection follow a channel. The roster comes with the next
// flush; the caller keeps the place of the answer with [conn.ask].
func (n *Node) follows(c *conn, channel string, mode protocol.Mode, member bool) *follow {
	w := &follow{conn: c, fan: n.fanOf(channel), mode: mode, member: member, place: -1}
	c.follows = append(c.follows, w)
	if mode == protocol.Count {
		w.fan.counters++
	}
	n.await(w)
	return w
}

// await puts a follower among those who get the roster with the next flush. One
// who has left may be the only one, and be late for the fan that she left.
func (n *Node) await(w *follow) {
	if w.left {
		w.fan = n.fanOf(w.fan.channel)
	}
	if !w.awaits {
		w.awaits = true
		w.fan.waiting = append(w.fan.waiting, w)
	}
	n.schedule(w.fan)
}

// unfollow ends a follow: nothing more of the channel is sent. Rosters that were asked
// for before are sent still if they are owed, else ok takes their place.
func (n *Node) unfollow(w *follow, owed bool) {
	c, f := w.conn, w.fan
	c.follows = slices.DeleteFunc(c.follows, func(v *follow) bool { return v == w })
	w.left = true
	if w.mode == protocol.Count {
		f.counters--
	}
	f.drop(w)
	if w.awaits && !owed {
		w.awaits = false
		f.waiting = slices.DeleteFunc(f.waiting, func(v *follow) bool { return v == w })
	}
	n.closeIdle(f)
	if w.end(owed) {
		n.resync(c)
	}
}

// drop takes a follower out of live.
func (f *fan) drop(w *follow) {
	if w.place < 0 {
		return
	}
	f.own()
	last := len(f.live) - 1
	f.live[w.place] = f.live[last]
	f.live[w.place].place = w.place
	f.live[last] = nil
	f.live = f.live[:last]
	w.place = -1
}

// own makes live safe to change.
func (f *fan) own() {
	if f.shared {
		f.live, f.shared = slices.Clone(f.live), false
	}
}

// closeIdle ends a fan that has no followers.
func (n *Node) closeIdle(f *fan) {
	if len(f.live)+len(f.waiting) > 0 || n.fans[f.channel] != f {
		return
	}
	for _, timer := range []*time.Timer{f.batch, f.recount} {
		if timer != nil {
			timer.Stop()
		}
	}
	delete(n.fans, f.channel)
	n.core.View.Unfollow(f.channel)
}
