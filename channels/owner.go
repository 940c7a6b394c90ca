package channels

import (
	"slices"
	"time"
)

// Owner returns the user of an own session; empty if it is anonymous or there
// is none.
func (v *View) Owner(session uint64) string {
	if s := v.own.sessions[session]; s != nil {
		return s.rec.User
	}
	return ""
}

// HasSession reports whether a node holds a session of that id, in grace or not, of
// somebody or nobody.
func (v *View) HasSession(node NodeID, session uint64) bool {
	o := v.origins[node]
	return o != nil && o.sessions[session] != nil
}

// OwnSessions returns the sessions that this node holds of a user, in grace ones included,
// the newest first.
func (v *View) OwnSessions(user string) (ids []uint64) {
	u := v.users[user]
	if u == nil {
		return nil
	}
	for s := u.sessions; s != nil; s = s.next {
		if s.origin == v.own && !s.isKept() {
			ids = append(ids, s.rec.ID)
		}
	}
	return ids
}

// Chosen returns the chosen status of a user; StatusOnline if she chose none.
func (v *View) Chosen(user string) Status {
	if u := v.users[user]; u != nil && u.choice != nil {
		return u.choice.Status
	}
	return StatusOnline
}

// OwnIDs returns the ids of this node's own sessions that are higher than after, in grace
// ones included, in no order.
func (v *View) OwnIDs(after uint64) (ids []uint64) {
	for id := range v.own.sessions {
		if id > after {
			ids = append(ids, id)
		}
	}
	return ids
}

// OwnSession returns one of this node's own sessions; false: there is none of that id.
func (v *View) OwnSession(id uint64) (SessionInfo, bool) {
	s := v.own.sessions[id]
	if s == nil {
		return SessionInfo{}, false
	}
	i := s.info()
	if s.user != nil {
		for m := s.user.members; m != nil; m = m.next {
			if m.holdOf(s) != nil {
				i.Channels = append(i.Channels, m.channel.name)
			}
		}
		slices.Sort(i.Channels)
	}
	return i, true
}

// GraceLeft returns how long the grace of one of this node's own sessions still lasts, in running
// time; false: it is in none.
func (v *View) GraceLeft(now Now, id uint64) (time.Duration, bool) {
	s := v.own.sessions[id]
	if s == nil || s.wait == nil {
		return 0, false
	}
	return max(0, s.wait.at-now.Run), true
}
