package channels

// Owner returns the user of an own session; empty if it is anonymous or there
// is none.
func (v *View) Owner(session uint64) string {
	if s := v.own.sessions[session]; s != nil {
		return s.rec.User
	}
	return ""
}

// Chosen returns the chosen status of a user; StatusOnline if she chose none.
func (v *View) Chosen(user string) Status {
	if u := v.users[user]; u != nil && u.choice != nil {
		return u.choice.Status
	}
	return StatusOnline
}
