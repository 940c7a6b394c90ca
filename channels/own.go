package channels

// Opening is what a new session of this node brings along.
type Opening struct {
	User    string // empty: anonymous
	State   State  // Online or Away; 0 is Online
	Active  int64  // last activity, Unix milliseconds; 0: unknown
	Profile string // the token's profile claim; empty: none

	// Status is the chosen status to assert again, with its Text; 0: none. It
	// never overrules a choice that lives.
	Status Status
	Text   string

	Details *Details // nil: unknown
}

// Open adds a session of this node and returns its id.
func (v *View) Open(now Now, o Opening) (session uint64) {
	id := v.open(now, o)
	v.settle(now)
	return id
}

func (v *View) open(now Now, o Opening) uint64 {
	if o.State != Away {
		o.State = Online
	}
	v.lastID++
	v.write(now, &Session{
		ID: v.lastID, User: o.User, State: o.State, Active: o.Active, Profile: o.Profile,
		Details: o.Details, Choice: v.assertion(o.User, o.Status, o.Text),
	})
	return v.lastID
}

// Join makes an own session hold a channel; again with other data it is
// [View.Update]. Empty data says nothing and leaves what was said before. False:
// there is no such session, or it is anonymous.
func (v *View) Join(now Now, session uint64, channel, data string) bool {
	s := v.own.sessions[session]
	if s == nil || s.user == nil || channel == "" {
		return false
	}
	if v.holdIn(s, channel) != nil {
		return data == "" || v.Update(now, session, channel, data)
	}
	v.lastID++
	rec := &Membership{ID: v.lastID, Session: session, Channel: channel, Data: data, Since: now.Wall}
	if m := v.find(channel, s.user.name); m != nil && m.first.rec != nil {
		rec.Since, _, _ = m.tally()
		if m.place != absent {
			rec.Since = min(rec.Since, m.since)
		}
		if data != "" {
			rec.Stamp = m.top().Stamp
		}
	}
	if data != "" {
		rec.Stamp++
	}
	v.writeMembership(now, rec)
	v.settle(now)
	return true
}

// Update sets the data of a membership; empty data is none from now on. False:
// there is no such membership. Equal data changes nothing.
func (v *View) Update(now Now, session uint64, channel, data string) bool {
	s := v.own.sessions[session]
	if s == nil {
		return false
	}
	h := v.holdIn(s, channel)
	if h == nil {
		return false
	}
	top := v.find(channel, s.user.name).top()
	if top == h.rec && top.Data == data {
		return true
	}
	rec := *h.rec
	rec.Data, rec.Stamp = data, top.Stamp+1
	v.writeMembership(now, &rec)
	v.settle(now)
	return true
}

// Leave ends a membership. False: there was none.
func (v *View) Leave(now Now, session uint64, channel string, reason Reason) bool {
	s := v.own.sessions[session]
	if s == nil {
		return false
	}
	h := v.holdIn(s, channel)
	if h == nil {
		return false
	}
	v.writeLeave(now, v.find(channel, s.user.name), h, reason)
	v.settle(now)
	return true
}

// SetState says that the user of a session is Online or Away, last active at
// active. It confirms a doubted session. One in grace, or unknown: false.
func (v *View) SetState(now Now, session uint64, state State, active int64) bool {
	s := v.own.sessions[session]
	if s == nil || state != Online && state != Away || s.wait != nil && s.wait.former == 0 {
		return false
	}
	if s.rec.State == state {
		return true
	}
	s.trust()
	rec := *s.rec
	rec.State, rec.Active = state, max(active, rec.Active)
	v.write(now, &rec)
	v.settle(now)
	return true
}

// SetProfile takes the profile of a renewed token of the same user. False: there
// is no such session.
func (v *View) SetProfile(now Now, session uint64, profile string) bool {
	s := v.own.sessions[session]
	if s == nil {
		return false
	}
	if s.rec.Profile != profile {
		rec := *s.rec
		rec.Profile = profile
		v.write(now, &rec)
		v.settle(now)
	}
	return true
}

// SetUser makes the socket of a session another user's, or nobody's: everything
// the session held ends with reason logout, and another session begins in the
// same step, whose id is returned. The state and the details go over unless o says
// otherwise, but for when the session began. Id 0: there is no such session, or it is
// in grace.
func (v *View) SetUser(now Now, session uint64, o Opening) uint64 {
	s := v.own.sessions[session]
	if s == nil || s.wait != nil && s.wait.former == 0 {
		return 0
	}
	if o.State == 0 {
		if o.State = s.rec.State; s.wait != nil {
			o.State = s.wait.former
		}
	}
	if o.Active == 0 {
		o.Active = s.rec.Active
	}
	if d := s.rec.Details; d != nil && o.Details == nil {
		fresh := *d
		fresh.Since = now.Wall
		o.Details = &fresh
	}
	v.closeSession(now, s, ReasonLogout)
	id := v.open(now, o)
	v.settle(now)
	return id
}

// Close ends a session at once, its memberships first. False: there is none.
func (v *View) Close(now Now, session uint64, reason Reason) bool {
	s := v.own.sessions[session]
	if s == nil {
		return false
	}
	v.closeSession(now, s, reason)
	v.settle(now)
	return true
}
