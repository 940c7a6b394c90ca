package channels

import (
	"bytes"
	"cmp"
	"time"
)

// session is one entry of an origin. It also stands for one that ended and is
// kept: then it is in no origin, and wait says for what.
type session struct {
	rec    *Session
	user   *user // nil if anonymous
	origin *origin
	next   *session // of the same user
	wait   *wait    // nil unless in grace (own) or kept
	told   State    // Online or Away, as the events say
}

// live reports whether the session makes members and counts for state.
func (s *session) live() bool {
	return s.wait == nil && s.rec.State != Broken && !s.origin.left
}

// isKept reports whether the session ended and is awaited elsewhere.
func (s *session) isKept() bool { return s.wait != nil && s.wait.kept }

// newer orders the sessions of a user where one has to speak for all. Sessions
// of different nodes have no order in time, so any that is the same everywhere
// will do: it is by id, which is by time on one node, and then by node.
func (s *session) newer(t *session) bool {
	return cmp.Or(cmp.Compare(s.rec.ID, t.rec.ID), bytes.Compare(s.origin.id[:], t.origin.id[:])) > 0
}

// putSession takes an entry as it is now.
func (v *View) putSession(now Now, o *origin, rec *Session, number uint64) {
	if rec.ID == 0 || rec.State < Online || rec.State > Broken {
		v.stats.Odd++
		return
	}
	s := o.sessions[rec.ID]
	if s != nil && s.rec.User != rec.User { // another user is another session
		v.stats.Odd++
		v.endSession(now, o, s.rec, End{Reason: ReasonLogout})
		s = nil
	}
	if s == nil {
		v.addSession(o, rec)
		return
	}
	wasLive := s.live()
	v.by(o, Changed, number)
	v.touchSession(s)
	s.rec = v.keepActive(s.rec, rec)
	v.share(s)
	if !wasLive && s.live() {
		v.touchHolds(s)
	}
	v.tellState(s)
}

func (v *View) addSession(o *origin, rec *Session) {
	s := &session{rec: rec, origin: o, told: Online}
	if rec.State == Away {
		s.told = Away
	}
	o.sessions[rec.ID] = s
	o.peak = max(o.peak, len(o.sessions))
	v.by(o, Began, rec.ID)
	v.stats.Sessions++
	if rec.User == "" {
		o.nobodys++
		v.stats.Anonymous++
	} else {
		s.user = v.userOf(rec.User)
		v.touchUser(s.user)
		s.next, s.user.sessions = s.user.sessions, s
		v.share(s)
	}
	v.tellSession(SessionConnected, s, 0)
}

// endSession takes the end of an entry, and of what it still held.
func (v *View) endSession(now Now, o *origin, rec *Session, end End) {
	v.by(o, Ended, rec.ID)
	s := o.sessions[rec.ID]
	if s == nil {
		v.stats.Unknown++
		v.endUnseen(now, o, rec, end)
		return
	}
	delete(o.sessions, rec.ID)
	v.stats.Sessions--
	if s.wait != nil {
		s.wait.done = true
	}
	v.tellSession(SessionDisconnected, s, end.Reason)
	if s.user == nil {
		o.nobodys--
		v.stats.Anonymous--
		return
	}
	v.touchUser(s.user)
	v.consider(s.user, rec.Choice)
	for m := s.user.members; m != nil; m = m.next {
		if h := m.holdOf(s); h != nil {
			v.endHold(now, m, h, end)
		}
	}
	if s.wait = v.keep(now, end); s.wait != nil {
		s.wait.s = s
	} else {
		s.user.unlink(s)
	}
}

// endUnseen takes the end of a session that never was here: it came and went
// between two answers. Its choice counts, and it keeps a user who is here if she
// went on from there to a place that is yet to be read.
func (v *View) endUnseen(now Now, o *origin, rec *Session, end End) {
	u := v.users[rec.User]
	if u == nil {
		return
	}
	v.touchUser(u)
	v.consider(u, rec.Choice)
	for s := u.sessions; s != nil; s = s.next {
		if s.origin.id == o.id && s.rec.ID == rec.ID {
			return
		}
	}
	if end.Forgotten || u.conn == 0 && u.sessions == nil {
		return
	}
	if w := v.keep(now, end); w != nil {
		w.s = &session{rec: rec, user: u, origin: o, wait: w, next: u.sessions}
		u.sessions = w.s
	}
}

// drift is by how much a date may change, in milliseconds, because it travelled
// again: it goes as an age, and each journey takes its own time.
const drift = int64(time.Second / time.Millisecond)

// sinceDrift is the same for the date of a membership, which is handed from session to
// session and from node to node, and of which nobody needs the second: on a busy machine
// news is some seconds late, and that shall be no update for thousands.
const sinceDrift = 15 * drift

// keepActive returns rec with the date of old unless there was new activity. A
// reader may miss states in between, so that the state alone does not tell.
func (v *View) keepActive(old, rec *Session) *Session {
	same := old.State == rec.State || old.State == Broken || rec.State == Broken
	if rec.Active == old.Active || !same || rec.Active > old.Active+drift {
		return rec
	}
	kept := *rec
	kept.Active = old.Active
	return &kept
}

// share lets the records of one user share their strings, so that what came off
// the wire is not held in as many copies.
func (v *View) share(s *session) {
	u := s.user
	if u == nil {
		return
	}
	adopt(&s.rec.User, u.name)
	if u.face != nil && u.face.Profile == s.rec.Profile {
		adopt(&s.rec.Profile, u.face.Profile)
	}
	if c := s.rec.Choice; c != nil && u.choice != nil && c != u.choice && *c == *u.choice {
		s.rec.Choice = u.choice
	}
	v.consider(u, s.rec.Choice)
}

// touchSession touches the user of a session whose state may change.
func (v *View) touchSession(s *session) {
	if s.user != nil {
		v.touchUser(s.user)
	}
}

// touchHolds touches the members that a session holds.
func (v *View) touchHolds(s *session) {
	if s.user == nil {
		return
	}
	for m := s.user.members; m != nil; m = m.next {
		if m.holdOf(s) != nil {
			v.touchMember(m)
			if m.place == absent {
				v.blame(m)
			}
		}
	}
}
