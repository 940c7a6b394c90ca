package channels

// Break says that the socket of a session is gone without goodbye. The session
// keeps what it holds for the grace and ends with reason closed. False: there is
// none, or it is in grace already.
func (v *View) Break(now Now, session uint64) bool {
	s := v.own.sessions[session]
	if s == nil || s.wait != nil && s.wait.former == 0 {
		return false
	}
	if v.cfg.Grace <= 0 {
		v.closeSession(now, s, ReasonClosed)
	} else {
		s.trust()
		v.graceFor(now, s, &wait{s: s, reason: ReasonClosed})
	}
	v.settle(now)
	return true
}

// Doubt puts every own session in grace, because this process was paused for so
// long that its sockets may be dead without its knowing. A session that is not
// confirmed ends after the grace with reason timeout.
func (v *View) Doubt(now Now) {
	for _, s := range v.own.inOrder() {
		if s.wait == nil {
			v.graceFor(now, s, &wait{s: s, reason: ReasonTimeout, former: s.rec.State})
		}
	}
	v.settle(now)
}

// Confirm says that the socket of a session has sent a frame since [View.Doubt].
// The session is again what it was before. Without doubt it changes nothing.
func (v *View) Confirm(now Now, session uint64) {
	s := v.own.sessions[session]
	if s == nil || s.wait == nil || s.wait.former == 0 {
		return
	}
	rec := *s.rec
	rec.State = s.wait.former
	s.trust()
	v.write(now, &rec)
	v.settle(now)
}

// trust ends the grace of a session without ending the session.
func (s *session) trust() {
	if s.wait != nil {
		s.wait.done = true
		s.wait = nil
	}
}

func (v *View) graceFor(now Now, s *session, w *wait) {
	w.at = now.Run + v.cfg.Grace
	v.touchSession(s)
	s.wait = w
	v.grace.push(w.at, w)
	if s.rec.State != Broken {
		rec := *s.rec
		rec.State = Broken
		v.write(now, &rec)
	}
}
