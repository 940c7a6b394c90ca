package channels

// touchedUser is a user whose entries changed in this step.
type touchedUser struct {
	u     *user
	old   look   // as of the step before
	cause uint32 // place of what touched her last; see View.because
	chose uint32 // place of what brought another choice; 0: none
}

// touchedMember is a member whose holds, or whose user's look, changed in this step.
type touchedMember struct {
	m        *member
	data     string // these as of the step before
	since    int64
	sessions int
	visible  bool
	inGrace  bool   // visible, by sessions in grace alone
	reason   Reason // of the hold that ended last in this step
	cause    uint32 // place of what made it different; see View.because
}

// touchUser notes a user to be judged at the end of the step. It must be called
// before anything of the user changes.
func (v *View) touchUser(u *user) {
	v.touchLeft(u)
	v.touchedUsers[u.mark-1].cause = v.because()
}

// touchLeft is touchUser for what makes no difference unless nothing of the user remains:
// whatever else touches her in this step is the cause of what she is then.
func (v *View) touchLeft(u *user) {
	if u.mark == 0 {
		v.touchedUsers = append(v.touchedUsers, touchedUser{u: u, old: u.look(), cause: v.because()})
		u.mark = uint32(len(v.touchedUsers))
	}
}

// touchMember is touchUser for a member. The result is good until the next call.
func (v *View) touchMember(m *member) *touchedMember {
	if m.mark == 0 {
		t := touchedMember{m: m}
		if m.visible() {
			t.visible, t.data, t.since = true, m.data(), m.since
			t.sessions, t.inGrace = m.sessions()
		}
		t.cause = v.because()
		v.touchedMembers = append(v.touchedMembers, t)
		m.mark = uint32(len(v.touchedMembers))
	}
	return &v.touchedMembers[m.mark-1]
}

// blame notes that what happens just now makes a touched member different, if anything
// does: the last of several counts.
func (v *View) blame(m *member) { v.touchedMembers[m.mark-1].cause = v.because() }

// settle ends a step: everything touched is judged once, users before their
// members, each in the order of first touch.
func (v *View) settle(now Now) {
	v.expect(UserChanged, len(v.touchedUsers))
	for i := range v.touchedUsers {
		t := &v.touchedUsers[i]
		v.judgeUser(now, t)
		if t.u.look().sameFor(t.old) {
			continue
		}
		for m := t.u.members; m != nil; m = m.next {
			if m.mark == 0 {
				v.touchMember(m).cause = t.cause
			}
		}
	}
	v.expect(ChannelKinds, len(v.touchedMembers))
	for i := range v.touchedMembers {
		v.judgeMember(&v.touchedMembers[i])
	}
	for i := range v.touchedUsers {
		u := v.touchedUsers[i].u
		u.mark = 0
		if u.sessions == nil && u.members == nil {
			u.awayAt, u.fadeAt = 0, 0 // their deadlines are none any more
			delete(v.users, u.name)
		}
	}
	v.touchedUsers = reuse(v.touchedUsers)
	v.touchedMembers = reuse(v.touchedMembers)
	v.causes, v.causeAt = reuse(v.causes), 0
}

// sameFor reports whether the members of a user look the same as before.
func (l look) sameFor(old look) bool {
	return l.status == old.status && l.profile == old.profile && l.lastActive == old.lastActive
}

// judgeMember derives what a touched member is now and tells what changed.
func (v *View) judgeMember(t *touchedMember) {
	m := t.m
	m.mark = 0
	held := m.first.rec != nil
	sessions := 0
	present := false
	if held {
		since, n, live := m.tally()
		sessions = n
		if live && t.inGrace {
			v.stats.SuppressedLeaves++
		}
		present = live || v.learning || m.place != absent
		// A little earlier is but another journey of the same date.
		if m.place == absent || since < m.since-sinceDrift {
			m.since = since
		}
	}
	visible := present && m.user.visible()
	if u := m.user.mark; u != 0 && present && t.byUser(m, visible) {
		t.cause = v.touchedUsers[u-1].cause
	}
	m.channel.sessions -= t.sessions
	if visible {
		m.channel.sessions += sessions
	}
	switch {
	case visible && !t.visible:
		m.channel.show(m)
		if !v.learning {
			v.stats.Joins++
		}
		v.tellMember(ChannelJoined, t, 0)
	case visible:
		v.tellMember(ChannelUpdated, t, 0)
	case t.visible:
		m.channel.hide(m)
		if present {
			t.reason = ReasonHidden
		}
		v.countLeave(t.reason)
		v.tellMember(ChannelLeft, t, t.reason)
	}
	if !visible {
		if m.place = absent; present {
			m.place = hidden
		}
	}
	if !held {
		v.removeMember(m)
	}
}

// countLeave counts a member that went. Peers of a later version may know more reasons.
func (v *View) countLeave(r Reason) {
	switch {
	case v.learning:
	case int(r) < len(v.stats.Left):
		v.stats.Left[r]++
	default:
		v.stats.Left[0]++
	}
}

// byUser reports whether it is the user alone who makes a present member different: she
// shows herself, hides or looks different.
func (t *touchedMember) byUser(m *member, visible bool) bool {
	if visible && t.visible {
		return m.data() == t.data && m.since == t.since
	}
	return t.visible || m.place == hidden
}

func (v *View) removeMember(m *member) {
	m.user.unlinkMember(m)
	m.channel.members--
	v.stats.Members--
	v.dropIdle(m.channel)
}

// reuse empties a buffer and gives back one that a large step left behind.
func reuse[T any](buf []T) []T {
	if cap(buf) > 1<<14 {
		return nil
	}
	clear(buf)
	return buf[:0]
}
