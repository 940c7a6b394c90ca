package channels

// Choose takes the status that the user of an own session chose. It wins over
// all that were known here. False: there is no such session, or it is anonymous.
func (v *View) Choose(now Now, session uint64, status Status, text string) bool {
	s := v.own.sessions[session]
	if s == nil || s.user == nil || status < StatusOnline || status > StatusOffline {
		return false
	}
	old := s.user.choice
	if old != nil && !old.Asserted && old.Status == status && old.Text == text {
		return true
	}
	rec := *s.rec
	rec.Choice = &Choice{Status: status, Text: text, Stamp: nextStamp(old), By: v.cfg.Self}
	v.write(now, &rec)
	v.settle(now)
	return true
}

// ChooseFor is [View.Choose] for a user, by an operator. False: no session of
// hers is on this node; [View.Holders] says who has one.
func (v *View) ChooseFor(now Now, user string, status Status, text string) bool {
	own := v.OwnSessions(user)
	return len(own) > 0 && v.Choose(now, own[0], status, text)
}

// Holders returns the nodes that hold a session of the user, in order of id.
func (v *View) Holders(user string) []NodeID {
	var nodes []NodeID
	for _, s := range v.sessionsOf(user) {
		if n := len(nodes); n == 0 || nodes[n-1] != s.Origin {
			nodes = append(nodes, s.Origin)
		}
	}
	return nodes
}
