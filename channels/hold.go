package channels

import "bytes"

// outranks orders the holds of one member by who says what its data is.
func (h *hold) outranks(o hold) bool {
	if h.rec.Stamp != o.rec.Stamp {
		return h.rec.Stamp > o.rec.Stamp
	}
	if c := bytes.Compare(h.s.origin.id[:], o.s.origin.id[:]); c != 0 {
		return c > 0
	}
	return h.rec.ID > o.rec.ID
}

// putMembership takes an entry as it is now.
func (v *View) putMembership(_ Now, o *origin, rec *Membership, number uint64) {
	s := o.sessions[rec.Session]
	switch {
	case s == nil:
		v.stats.Unknown++
		return
	case s.user == nil || rec.ID == 0 || rec.Channel == "":
		v.stats.Odd++
		return
	}
	m := v.memberOf(s.user, rec.Channel)
	adopt(&rec.Channel, m.channel.name)
	h := m.holdOf(s)
	if h != nil && h.rec.ID == rec.ID {
		v.by(o, Changed, number)
	} else {
		v.by(o, Began, rec.ID)
	}
	v.touchMember(m)
	if h != nil {
		rec = keepSince(h.rec, rec)
		h.rec = rec
	} else {
		m.add(hold{rec, s})
	}
	v.blameFor(m, rec)
}

// blameFor blames what happens just now if it put a record into a touched member that
// makes a difference: that makes her present, is what is shown, or is from earlier.
func (v *View) blameFor(m *member, rec *Membership) {
	if m.place == absent || m.top() == rec || rec.Since < m.since-sinceDrift {
		v.blame(m)
	}
}

// keepSince returns rec with the date of old, if both tell of one membership: a
// date is turned into this node's time once, when first received.
func keepSince(old, rec *Membership) *Membership {
	if old.ID != rec.ID || old.Since == rec.Since || rec.Since < old.Since-sinceDrift {
		return rec
	}
	kept := *rec
	kept.Since = old.Since
	return &kept
}

// endMembership takes the end of an entry. The user is that of its session, which
// may not be here.
func (v *View) endMembership(now Now, o *origin, rec *Membership, end End, user string) {
	v.by(o, Ended, rec.ID)
	m := v.find(rec.Channel, user)
	if m == nil {
		v.stats.Unknown++
		return
	}
	if s := o.sessions[rec.Session]; s != nil {
		if h := m.holdOf(s); h != nil && h.rec.ID == rec.ID {
			v.endHold(now, m, h, end)
			return
		}
	}
	v.stats.Unknown++
	v.keepUnseen(now, o, m, rec, end)
}

// endHold ends a hold, or keeps it while its user is awaited elsewhere.
func (v *View) endHold(now Now, m *member, h *hold, end End) {
	if w := v.keep(now, end); w != nil {
		v.touchMember(m)
		w.m, w.s = m, &session{user: m.user, origin: h.s.origin, wait: w}
		h.s = w.s
		return
	}
	v.touchMember(m).reason = end.Reason
	v.removeHold(m, h)
}

// removeHold takes a hold out of a touched member.
func (v *View) removeHold(m *member, h *hold) {
	shown := m.top() == h.rec
	if m.remove(h); shown || m.first.rec == nil {
		v.blame(m)
	}
}

// keepUnseen keeps a member by the end of an entry that never was here: it came
// and went between two answers. Should the user have gone on from there, what was
// waiting for that entry has to wait for where she went.
func (v *View) keepUnseen(now Now, o *origin, m *member, rec *Membership, end End) {
	known := end.Forgotten || m.place == absent && m.first.rec == nil
	m.each(func(h *hold) bool {
		known = known || h.s.origin.id == o.id && h.rec.ID == rec.ID
		return !known
	})
	if known {
		return
	}
	if w := v.keep(now, end); w != nil {
		v.by(o, Began, rec.ID) // what its end brings about comes when the wait is over
		v.touchMember(m)
		w.m, w.s = m, &session{user: m.user, origin: o, wait: w}
		m.add(hold{rec, w.s})
		v.blameFor(m, rec)
	}
}

func (v *View) memberOf(u *user, name string) *member {
	c := v.channelOf(name)
	if m := u.in(c); m != nil {
		return m
	}
	m := &member{user: u, channel: c, next: u.members}
	u.members = m
	c.members++
	v.stats.Members++
	return m
}
