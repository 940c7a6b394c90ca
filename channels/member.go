package channels

// member is a user in a channel, however many sessions hold her there. One that
// a session in grace did not make, or of a hidden user, is not shown.
type member struct {
	user    *user
	channel *channel
	next    *member // of the same user
	since   int64   // earliest known since she is present
	first   hold    // empty only until the step is settled
	more    *[]hold // nearly always nil
	place   uint32  // absent, hidden, or shown + index in channel.order
	mark    uint32  // 1 + index in View.touchedMembers; 0: untouched
}

// Values of member.place.
const (
	absent uint32 = iota // held, but by no session that made it
	hidden               // present, of a user who shows as offline
	shown                // present and visible; the index is added
)

// hold is one session's part in a member. If it is kept, the session is one
// that stands for this hold alone, without a record.
type hold struct {
	rec *Membership
	s   *session
}

func (m *member) visible() bool { return m.place >= shown }

// each calls f for every hold until it returns false.
func (m *member) each(f func(*hold) bool) {
	if m.first.rec == nil || !f(&m.first) || m.more == nil {
		return
	}
	for i := range *m.more {
		if !f(&(*m.more)[i]) {
			return
		}
	}
}

func (m *member) holdOf(s *session) (found *hold) {
	if m.first.s == s {
		return &m.first
	}
	if m.more != nil {
		m.each(func(h *hold) bool {
			if h.s == s {
				found = h
			}
			return found == nil
		})
	}
	return found
}

func (m *member) add(h hold) {
	switch {
	case m.first.rec == nil:
		m.first = h
	case m.more == nil:
		m.more = &[]hold{h}
	default:
		*m.more = append(*m.more, h)
	}
}

// remove takes a hold out, which is one of m's own.
func (m *member) remove(h *hold) {
	if m.more == nil {
		m.first = hold{}
		return
	}
	last := len(*m.more) - 1
	*h = (*m.more)[last]
	(*m.more)[last] = hold{}
	if *m.more = (*m.more)[:last]; last == 0 {
		m.more = nil
	}
}

// top returns the record whose data is shown: that of the highest stamp, then of
// the higher node, then of the higher id.
func (m *member) top() *Membership {
	if m.more == nil {
		return m.first.rec
	}
	top := m.first
	m.each(func(h *hold) bool {
		if h.outranks(top) {
			top = *h
		}
		return true
	})
	return top.rec
}

func (m *member) data() string {
	if top := m.top(); top != nil {
		return top.Data
	}
	return ""
}

// tally returns the earliest date among the holds, how many of them are sessions
// that did not end, and whether one of these is live.
func (m *member) tally() (since int64, sessions int, live bool) {
	since = m.first.rec.Since
	m.each(func(h *hold) bool {
		since = min(since, h.rec.Since)
		if !h.s.isKept() {
			sessions++
		}
		live = live || h.s.live()
		return true
	})
	return since, sessions, live
}

// sessions returns how many sessions hold the member, and whether there are some
// and all of them are in grace.
func (m *member) sessions() (n int, inGrace bool) {
	if m.first.rec == nil {
		return 0, false
	}
	_, n, live := m.tally()
	return n, n > 0 && !live
}

// show returns the member as followers see it.
func (m *member) show(l look) Member {
	return Member{
		User: m.user.name, Since: m.since, Status: l.status, Data: m.data(),
		Profile: l.profile, LastActivity: l.lastActive,
	}
}

func (u *user) in(c *channel) *member {
	for m := u.members; m != nil; m = m.next {
		if m.channel == c {
			return m
		}
	}
	return nil
}

func (u *user) unlinkMember(m *member) {
	for p := &u.members; *p != nil; p = &(*p).next {
		if *p == m {
			*p = m.next
			return
		}
	}
}

// holdIn returns the part of a session in a channel, nil if it has none.
func (v *View) holdIn(s *session, channel string) *hold {
	if s.user == nil {
		return nil
	}
	if m := v.find(channel, s.user.name); m != nil {
		return m.holdOf(s)
	}
	return nil
}
