package channels

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
