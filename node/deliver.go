package node

import (
	"slices"

	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// deliver hands a fan's jobs to its followers, unless somebody else is at it. It
// returns the connections for which to call [Node.resync].
func (f *fan) deliver() (next []*conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.delivering {
		return nil
	}
	f.delivering = true
	for len(f.jobs) > 0 {
		jobs := f.jobs
		f.jobs = nil
		f.mu.Unlock()
		for i := range jobs {
			f.diffs(&jobs[i])
			next = append(next, f.rosters(&jobs[i])...)
			f.clocks.jobs.Add(-1)
		}
		f.mu.Lock()
	}
	f.delivering = false
	return next
}

// diffs sends the difference, or the count, to those who were there before.
func (f *fan) diffs(j *job) {
	if len(j.to) == 0 {
		return // whoever comes gets a roster: there is no version to go on from
	}
	var diffs, count [][]byte
	if j.changed {
		diffs = f.encodeDiff(j)
	}
	if j.counts {
		count = [][]byte{socket.Frame(protocol.AppendCount(nil, f.channel, f.version, j.count))}
	}
	for _, w := range j.to {
		if w.mode == protocol.Members && diffs != nil {
			w.send(diffs)
		} else if w.mode == protocol.Count && count != nil {
			w.send(count)
		}
	}
	if diffs != nil {
		j.measure()
	}
}

// encodeDiff frames the difference, in as many messages as it takes, and counts
// the version up by as many.
func (f *fan) encodeDiff(j *job) (frames [][]byte) {
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
	for more := true; more; {
		var text []byte
		text, more = d.AppendPart(nil)
		frames = append(frames, socket.Frame(text))
	}
	f.version = d.Version - 1
	return frames
}

// send hands diffs to one follower. One that cannot take them gets no more before
// it has got a roster.
func (w *follow) send(frames [][]byte) {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case w.gone || w.stale:
	case w.held != nil:
		w.held.frames = append(w.held.frames, frames...)
	case c.sock.Send(frames...) == socket.Full:
		w.stale, c.behind = true, true
	}
}

// rosters sends the roster to those who came, encoded once.
func (f *fan) rosters(j *job) (next []*conn) {
	var texts, frames, counted [][]byte
	for _, w := range j.joiners {
		if w.mode == protocol.Count {
			if counted == nil {
				counted = f.encodeRoster(j, protocol.Count)
			}
			if w.sendRoster(counted, nil) {
				next = append(next, w.conn)
			}
			continue
		}
		if texts == nil {
			texts = f.encodeRoster(j, protocol.Members)
			for _, t := range texts {
				frames = append(frames, socket.Frame(t))
			}
		}
		if w.sendRoster(texts, frames) {
			next = append(next, w.conn)
		}
	}
	return next
}

func (f *fan) encodeRoster(j *job, only protocol.Mode) (texts [][]byte) {
	r := protocol.Roster{Channel: f.channel, Version: f.version, Count: j.count, Only: only, Missing: j.missing}
	if only == protocol.Members {
		r.Members, r.Partial = j.members, j.partial
	}
	for more := true; more; {
		var text []byte
		text, more = r.AppendPart(nil)
		texts = append(texts, text)
	}
	return texts
}

// sendRoster hands a roster to one follower, as the answer it is, or unasked. Frames
// are the texts framed, for those without an id; nil: not yet. It reports whether to
// call [Node.resync].
func (w joiner) sendRoster(texts, frames [][]byte) (next bool) {
	c := w.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case w.slot != nil && w.slot.of != w.follow: // answered otherwise meanwhile
	case w.slot != nil && c.clogged:
		w.slot.given, w.stale = false, true
	case w.slot != nil:
		w.slot.frames, w.stale = framed(texts, frames, w.slot.id), false
		if !w.gone {
			w.held = w.slot
		}
		return c.answered()
	case (w.stale || w.again) && !w.gone:
		w.again = false
		w.stale = c.sock.Send(framed(texts, frames, 0)...) == socket.Full
		c.behind = c.behind || w.stale
	}
	return false
}

// shared is from how many bytes on a text is shared by those who get it, though each is to have
// its own id in front. It costs each of them one more call to the network.
const shared = 4 << 10

// framed returns the frames of a roster that answers the request of that id.
func framed(texts, frames [][]byte, id int64) (all [][]byte) {
	if id == 0 && frames != nil {
		return slices.Clone(frames)
	}
	for _, t := range texts {
		switch {
		case id == 0:
			all = append(all, socket.Frame(t))
		case len(t) < shared:
			all = append(all, socket.Frame(append(protocol.AppendRosterID(nil, id), protocol.RosterTail(t)...)))
		default:
			all = append(all, socket.FrameOf(protocol.AppendRosterID(nil, id), protocol.RosterTail(t))...)
		}
	}
	return all
}
