package node

import (
	"slices"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// batch is the time between two diffs of a channel. The first change goes at
// once; what comes within a batch after it goes together. In a large channel each
// diff is dear, so it is longer there.
const (
	batch      = 20 * time.Millisecond
	batchEach  = 20 * time.Microsecond // per member
	batchMost  = time.Second
	countEvery = time.Second // between two counts, for those who follow no more
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

	// Guarded by Node.mu.
	live    []*follow // have the roster, or will by a job made before
	waiting []*follow // are to have it by the next job
	shared  bool      // live is in a job, to be copied before it changes
	timed   bool      // a flush is to come by the timer
	queued  bool      // in Node.due
	flushed time.Time
	counted time.Time

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

	// Guarded by conn.mu.
	asks  []*slot // the answers for which the next roster is due
	held  *slot   // the roster waits in it for answers before it, and so must diffs
	stale bool    // diffs were refused: no more of them before a roster
	gone  bool
}

// job is what one flush has for a channel's followers.
type job struct {
	diff    channels.Diff // Version is not used: see fan.version
	changed bool
	to      []*follow // have the roster before diff
	joiners []*follow // get the roster after it
	members []protocol.Member
	partial bool
	count   int
	counts  bool // those who only follow the count are due
}

// follows makes a connection follow a channel. The roster comes with the next flush.
func (n *Node) follows(c *conn, channel string, mode protocol.Mode, member bool) *follow {
	f := n.fans[channel]
	if f == nil {
		f = &fan{channel: channel, version: 1}
		n.fans[channel] = f
		n.core.View.Follow(channel)
	}
	w := &follow{conn: c, fan: f, mode: mode, member: member, place: -1}
	c.follows = append(c.follows, w)
	n.await(w)
	return w
}

// await puts a follower among those who get the roster with the next flush.
func (n *Node) await(w *follow) {
	if !slices.Contains(w.fan.waiting, w) {
		w.fan.waiting = append(w.fan.waiting, w)
	}
	n.schedule(w.fan)
}

// unfollow ends a follow.
func (n *Node) unfollow(w *follow) {
	w.end()
	w.conn.follows = slices.DeleteFunc(w.conn.follows, func(v *follow) bool { return v == w })
	f := w.fan
	f.waiting = slices.DeleteFunc(f.waiting, func(v *follow) bool { return v == w })
	if w.place >= 0 {
		f.own()
		last := len(f.live) - 1
		f.live[w.place] = f.live[last]
		f.live[w.place].place = w.place
		f.live[last] = nil
		f.live = f.live[:last]
		w.place = -1
	}
	if len(f.live)+len(f.waiting) == 0 {
		delete(n.fans, f.channel)
		n.core.View.Unfollow(f.channel)
	}
}

// end lets nothing more of the channel be sent. Requests for a roster that was not
// sent yet are answered by ok.
func (w *follow) end() {
	w.conn.mu.Lock()
	defer w.conn.mu.Unlock()
	w.gone = true
	for _, s := range w.asks {
		s.frames = [][]byte{}
		if s.id != 0 {
			s.frames = [][]byte{socket.Frame(protocol.AppendOK(nil, s.id))}
		}
	}
	w.asks = nil
	w.conn.answered()
}

// own makes live safe to change.
func (f *fan) own() {
	if f.shared {
		f.live, f.shared = slices.Clone(f.live), false
	}
}

// scheduleDirty schedules the channels that changed.
func (n *Node) scheduleDirty() {
	for _, d := range n.core.View.Dirty() {
		if f := n.fans[d.Channel]; f != nil {
			n.schedule(f)
		}
	}
}

// schedule has a fan flushed: at the end of this step, or when its batch is over.
func (n *Node) schedule(f *fan) {
	if f.timed || f.queued {
		return
	}
	users, _ := n.core.View.Count(f.channel)
	wait := min(max(batch, time.Duration(users)*batchEach), batchMost) - time.Since(f.flushed)
	if wait <= 0 {
		f.queued = true
		n.due = append(n.due, f)
		return
	}
	n.later(f, wait)
}

func (n *Node) later(f *fan, wait time.Duration) {
	f.timed = true
	time.AfterFunc(wait, func() {
		n.step(func(time.Time) {
			f.timed = false
			if n.fans[f.channel] == f && !f.queued {
				f.queued = true
				n.due = append(n.due, f)
			}
		})
	})
}

// flushDue makes jobs of what the step made due.
func (n *Node) flushDue(now time.Time) {
	for _, f := range n.due {
		f.queued = false
		if n.fans[f.channel] == f {
			n.flush(f, now)
		}
	}
	clear(n.due)
	n.due = n.due[:0]
}

func (n *Node) flush(f *fan, now time.Time) {
	n.stats.Flushes++
	f.flushed = now
	var j job
	if j.diff, j.changed = n.core.View.Flush(f.channel); j.changed {
		n.stats.Diffs++
	}
	if !j.changed && len(f.waiting) == 0 {
		return
	}
	j.to, f.shared = f.live, len(f.live) > 0
	j.joiners, f.waiting = f.waiting, nil
	j.count, _ = n.core.View.Count(f.channel)
	if len(j.joiners) > 0 {
		j.members, j.partial = n.roster(f.channel, j.joiners)
		f.own()
		for _, w := range j.joiners {
			if w.place < 0 {
				w.place = len(f.live)
				f.live = append(f.live, w)
			}
		}
	}
	if j.counts = now.Sub(f.counted) >= countEvery; j.counts {
		f.counted = now
	}
	f.mu.Lock()
	f.jobs = append(f.jobs, j)
	f.mu.Unlock()
	n.jobs = append(n.jobs, f)
}

// roster returns the members to be listed: the first of a large channel, and then
// also those of the joiners who are further back, since theirs shall hold them.
func (n *Node) roster(channel string, joiners []*follow) (members []protocol.Member, partial bool) {
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
		if user := w.conn.identity.User; w.member && !listed[user] {
			if m, ok := n.core.View.Member(channel, user); ok {
				listed[user] = true
				members = append(members, asMember(m))
			}
		}
	}
	return members, true
}

var statusWords = [...]string{"", protocol.Online, protocol.Away, protocol.Busy, protocol.Offline}

func asMember(m channels.Member) protocol.Member {
	return protocol.Member{User: m.User, Since: m.Since, Status: statusWords[m.Status], Data: m.Data,
		Profile: m.Profile, LastActivity: m.LastActivity}
}

// deliver hands a fan's jobs to its followers, unless somebody else is at it.
func (n *Node) deliver(f *fan) {
	f.mu.Lock()
	if f.delivering {
		f.mu.Unlock()
		return
	}
	f.delivering = true
	for len(f.jobs) > 0 {
		jobs := f.jobs
		f.jobs = nil
		f.mu.Unlock()
		for i := range jobs {
			f.diffs(&jobs[i])
			f.rosters(&jobs[i])
		}
		f.mu.Lock()
	}
	f.delivering = false
	f.mu.Unlock()
}

// diffs sends the difference to those who were there before.
func (f *fan) diffs(j *job) {
	if !j.changed {
		return
	}
	d := protocol.Diff{Channel: f.channel, Version: f.version + 1, Count: j.count}
	for _, m := range j.diff.Join {
		d.Join = append(d.Join, asMember(m))
	}
	for _, m := range j.diff.Update {
		d.Update = append(d.Update, asMember(m))
	}
	for _, l := range j.diff.Leave {
		d.Leave = append(d.Leave, protocol.Leaver{User: l.User, Reason: l.Reason.String()})
	}
	var frames [][]byte
	for more := true; more; {
		var text []byte
		text, more = d.AppendPart(nil)
		frames = append(frames, socket.Frame(text))
	}
	f.version = d.Version - 1
	var count []byte
	for _, w := range j.to {
		if w.mode == protocol.Members {
			w.send(frames)
		} else if j.counts {
			if count == nil {
				count = socket.Frame(protocol.AppendCount(nil, f.channel, f.version, j.count))
			}
			w.send([][]byte{count})
		}
	}
}

// send hands diffs to one follower. One that cannot take them gets no more before
// it has got a roster.
func (w *follow) send(frames [][]byte) {
	w.conn.mu.Lock()
	defer w.conn.mu.Unlock()
	switch {
	case w.gone || w.stale:
	case w.held != nil:
		w.held.frames = append(w.held.frames, frames...)
	case w.conn.sock.Send(frames...) == socket.Full:
		w.stale = true
	}
}

// rosters sends the roster to those who came, encoded once.
func (f *fan) rosters(j *job) {
	var texts, frames, counted [][]byte
	for _, w := range j.joiners {
		if w.mode == protocol.Count {
			if counted == nil {
				counted = [][]byte{f.encode(j, protocol.Count)[0]}
			}
			w.sendRoster(counted, nil)
			continue
		}
		if texts == nil {
			texts = f.encode(j, protocol.Members)
			for _, t := range texts {
				frames = append(frames, socket.Frame(t))
			}
		}
		w.sendRoster(texts, frames)
	}
}

func (f *fan) encode(j *job, only protocol.Mode) (texts [][]byte) {
	r := protocol.Roster{Channel: f.channel, Version: f.version, Count: j.count, Only: only, Partial: j.partial}
	if only == protocol.Members {
		r.Members = j.members
	}
	for more := true; more; {
		var text []byte
		text, more = r.AppendPart(nil)
		texts = append(texts, text)
	}
	return texts
}

// sendRoster hands a roster to one follower: for each request that it answers, or
// else once. Frames are the texts framed, for those without an id; nil: not yet.
func (w *follow) sendRoster(texts, frames [][]byte) {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.gone {
		return
	}
	asks := w.asks
	w.asks, w.stale = nil, false
	for _, s := range asks {
		s.frames, s.of = framed(texts, frames, s.id), w
		w.held = s
	}
	if len(asks) > 0 {
		c.answered()
		return
	}
	if frames = framed(texts, frames, 0); c.sock.Send(frames...) == socket.Full {
		w.stale = true // comes again when there is room
	}
}

// framed returns the frames of a roster that answers the request of that id.
func framed(texts, frames [][]byte, id int64) [][]byte {
	if id == 0 && frames != nil {
		return slices.Clone(frames)
	}
	frames = make([][]byte, len(texts))
	for i, t := range texts {
		if id != 0 {
			t = append(protocol.AppendRosterID(nil, id), protocol.RosterTail(t)...)
		}
		frames[i] = socket.Frame(t)
	}
	return frames
}
