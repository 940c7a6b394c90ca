package channels

// Writes returns what this node changed of its own entries since it was last
// asked, in order, for its table. The slice is good until the next call.
func (v *View) Writes() []Change {
	w := v.writes
	v.writes, v.taken = reuse(v.taken), w
	return w
}

// write applies an own entry as a peer's would be, and tells it.
func (v *View) write(now Now, rec *Session) {
	v.putSession(now, v.own, rec, v.own.number+1)
	v.noteWrite(Change{Session: v.own.sessions[rec.ID].rec})
}

// noteWrite tells the peers of an own change, which takes the next number.
func (v *View) noteWrite(c Change) {
	v.own.number++
	c.Number = v.own.number
	v.writes = append(v.writes, c)
}

func (v *View) writeMembership(now Now, rec *Membership) {
	v.putMembership(now, v.own, rec, v.own.number+1)
	v.noteWrite(Change{Membership: rec})
}

func (v *View) writeLeave(now Now, m *member, h *hold, reason Reason) {
	rec := h.rec
	end := End{Reason: reason, Elsewhere: v.placesOfMember(m)}
	v.endMembership(now, v.own, rec, end, m.user.name)
	v.noteWrite(Change{Membership: rec, End: &end})
}

// closeSession ends an own session, its memberships first.
func (v *View) closeSession(now Now, s *session, reason Reason) {
	var elsewhere []Place
	if u := s.user; u != nil {
		for m := u.members; m != nil; m = m.next {
			if h := m.holdOf(s); h != nil {
				v.writeLeave(now, m, h, reason)
			}
		}
		elsewhere = v.placesOfUser(u)
	}
	end := End{Reason: reason, Elsewhere: elsewhere}
	v.endSession(now, v.own, s.rec, end)
	v.noteWrite(Change{Session: s.rec, End: &end})
}

// placesOfMember says where else this view sees the user in the channel: on other
// nodes, live sessions first, and where she is awaited.
func (v *View) placesOfMember(m *member) (places []Place) {
	for _, live := range []bool{true, false} {
		m.each(func(h *hold) bool {
			places = v.addPlaces(places, h.s, live)
			return true
		})
	}
	return places
}

// placesOfUser is placesOfMember for the sessions of a user.
func (v *View) placesOfUser(u *user) (places []Place) {
	for _, live := range []bool{true, false} {
		for s := u.sessions; s != nil; s = s.next {
			places = v.addPlaces(places, s, live)
		}
	}
	return places
}

func (v *View) addPlaces(places []Place, s *session, live bool) []Place {
	switch {
	case s.live() != live:
	case s.isKept():
		for _, p := range s.wait.places {
			if !v.read(p) {
				places = addPlace(places, p)
			}
		}
	case s.origin != v.own:
		places = addPlace(places, Place{s.origin.id, s.origin.number})
	}
	return places
}

// addPlace adds a place unless there are enough. Of one node the highest number counts.
func addPlace(places []Place, p Place) []Place {
	for i := range places {
		if places[i].Node == p.Node {
			places[i].Number = max(places[i].Number, p.Number)
			return places
		}
	}
	if len(places) < MaxPlaces {
		places = append(places, p)
	}
	return places
}
