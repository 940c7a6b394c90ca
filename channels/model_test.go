package channels

import (
	"cmp"
	"slices"
	"time"
)

// model is the view again, as simple as can be: it keeps what it was told as
// flat lists and derives everything from them anew after every step.
type model struct {
	cfg      Config
	learning bool
	sessions []*modelSession
	holds    []*modelHold
	origins  map[NodeID]*modelOrigin
	gone     map[NodeID]bool // true: left
	users    map[string]*modelUser
	members  map[memberKey]*modelMember // present ones, hidden too
	reasons  map[memberKey]Reason       // of the hold that ended last in this step
	seen     map[string]int64
	keeps    int
	passed   map[uint64]string // users of sessions that an answer only ends
}

type memberKey struct{ channel, user string }

type modelOrigin struct {
	number uint64
	left   bool
	until  time.Duration
}

// modelKept is what an ended entry waits for, in the order in which they began to.
type modelKept struct {
	serial int
	at     time.Duration
	places []Place
	reason Reason
}

type modelSession struct {
	origin NodeID
	rec    Session
	kept   *modelKept
}

type modelHold struct {
	session *modelSession
	origin  NodeID
	user    string
	rec     Membership
	kept    *modelKept
}

type modelUser struct {
	conn           State
	status         Status
	choice         *Choice
	active, since  int64
	awayAt, fadeAt time.Duration
	profile        string
	text           string
	chosen         Status
	lastActivity   int64
	showsTheNewest bool
}

type modelMember struct {
	since   int64
	visible bool
	shown   Member
	count   int
}

func newModel(cfg Config) *model {
	return &model{
		cfg: cfg, learning: true, origins: map[NodeID]*modelOrigin{cfg.Self: {}}, gone: map[NodeID]bool{},
		users: map[string]*modelUser{}, members: map[memberKey]*modelMember{},
		reasons: map[memberKey]Reason{}, seen: map[string]int64{},
	}
}

func (m *model) origin(now Now, id NodeID) *modelOrigin {
	o := m.origins[id]
	if o == nil {
		o = &modelOrigin{left: m.gone[id], until: now.Run}
		m.origins[id] = o
		delete(m.gone, id)
	}
	return o
}

func (m *model) apply(now Now, id NodeID, changes []Change, number uint64) {
	o := m.origin(now, id)
	o.number = number
	over := o.left && now.Run >= o.until
	m.passed = map[uint64]string{}
	for _, c := range changes {
		if c.Session != nil && c.End != nil {
			m.passed[c.Session.ID] = c.Session.User
		}
	}
	for pass := range 4 {
		for _, c := range changes {
			if over && c.End == nil {
				continue
			}
			if kind := 2 * b2i(c.End != nil); pass == kind+b2i((c.Session != nil) == (c.End != nil)) {
				m.change(now, id, c)
			}
		}
	}
	m.arrive(id, number)
	if over {
		m.endOrigin(now, id, ReasonClosed, true)
	}
	m.derive(now)
}

// ownWrites takes what the view under test wrote itself.
func (m *model) ownWrites(now Now, changes []Change) {
	for _, c := range changes {
		m.change(now, m.cfg.Self, c)
	}
}

func (m *model) lost(now Now, id NodeID) {
	left := m.gone[id]
	if o := m.origins[id]; o != nil {
		left = o.left
		m.endOrigin(now, id, ReasonNodeLost, left)
	}
	m.gone[id] = left
	m.arrive(id, 1<<64-1)
	m.derive(now)
}

func (m *model) leave(now Now, id NodeID, age time.Duration) {
	o := m.origin(now, id)
	until := now.Run + m.cfg.Grace - age
	if !o.left || until < o.until {
		o.left, o.until = true, until
	}
	m.arrive(id, 1<<64-1)
	if now.Run >= o.until {
		m.endOrigin(now, id, ReasonClosed, true)
	}
	m.derive(now)
}

func (m *model) tick(now Now, writes []Change) {
	m.ownWrites(now, writes)
	var due []NodeID
	for id, o := range m.origins {
		if o.left && o.until <= now.Run {
			due = append(due, id)
		}
	}
	for _, id := range due { // all for one reason: in any order
		m.endOrigin(now, id, ReasonClosed, true)
	}
	m.endKept(func(k *modelKept) bool { return k.at <= now.Run })
	m.derive(now)
}

func (m *model) endOrigin(now Now, id NodeID, reason Reason, left bool) {
	for _, s := range slices.Clone(m.sessions) {
		if s.origin == id && s.kept == nil {
			m.change(now, id, Change{Session: &s.rec, End: &End{Reason: reason}})
		}
	}
	delete(m.origins, id)
	m.gone[id] = left
}

func (m *model) change(now Now, id NodeID, c Change) {
	switch {
	case c.Session != nil && c.End == nil:
		m.putSession(id, *c.Session)
	case c.Session != nil:
		m.endSession(now, id, *c.Session, *c.End)
	case c.End == nil:
		m.putMembership(id, *c.Membership)
	default:
		m.endMembership(now, id, *c.Membership, *c.End)
	}
}

func (m *model) endMembership(now Now, id NodeID, rec Membership, end End) {
	for _, h := range m.holds {
		if h.origin == id && h.rec.ID == rec.ID {
			if h.kept == nil {
				m.endHold(now, h, end)
			}
			return
		}
	}
	user := m.passed[rec.Session]
	if s := m.session(id, rec.Session); s != nil {
		user = s.rec.User
	}
	held := slices.ContainsFunc(m.holds, func(h *modelHold) bool { return h.user == user && h.rec.Channel == rec.Channel })
	if m.members[memberKey{rec.Channel, user}] == nil && !held {
		return
	}
	if k := m.keep(now, end); k != nil {
		m.holds = append(m.holds, &modelHold{origin: id, user: user, rec: rec, kept: k})
	}
}

func (m *model) session(origin NodeID, id uint64) *modelSession {
	for _, s := range m.sessions {
		if s.origin == origin && s.rec.ID == id && s.kept == nil {
			return s
		}
	}
	return nil
}

func (m *model) putSession(id NodeID, rec Session) {
	s := m.session(id, rec.ID)
	if s == nil {
		if rec.User != "" && m.users[rec.User] == nil {
			m.users[rec.User] = &modelUser{status: StatusOffline}
		}
		m.sessions = append(m.sessions, &modelSession{origin: id, rec: rec})
		return
	}
	sameState := s.rec.State == rec.State || s.rec.State == Broken || rec.State == Broken
	if sameState && rec.Active <= s.rec.Active+drift {
		rec.Active = s.rec.Active
	}
	s.rec = rec
}

func (m *model) endSession(now Now, id NodeID, rec Session, end End) {
	if u := m.users[rec.User]; u != nil {
		u.consider(rec.Choice)
	}
	s := m.session(id, rec.ID)
	if s == nil {
		m.endUnseen(now, id, rec, end)
		return
	}
	for _, h := range slices.Clone(m.holds) {
		if h.session == s && h.kept == nil {
			m.endHold(now, h, end)
		}
	}
	if s.kept = m.keep(now, end); s.kept == nil || rec.User == "" {
		m.sessions = slices.DeleteFunc(m.sessions, func(x *modelSession) bool { return x == s })
	}
}

func (m *model) endUnseen(now Now, id NodeID, rec Session, end End) {
	for _, s := range m.sessions {
		if s.origin == id && s.rec.ID == rec.ID {
			return
		}
	}
	if u := m.users[rec.User]; u == nil || u.conn == 0 && len(m.sessionsOf(rec.User)) == 0 {
		return
	}
	if k := m.keep(now, end); k != nil {
		m.sessions = append(m.sessions, &modelSession{origin: id, rec: rec, kept: k})
	}
}

func (m *model) putMembership(id NodeID, rec Membership) {
	s := m.session(id, rec.Session)
	if s == nil || s.rec.User == "" {
		return
	}
	for _, h := range m.holds {
		if h.session == s && h.kept == nil && h.rec.Channel == rec.Channel {
			if h.rec.ID == rec.ID && rec.Since >= h.rec.Since-sinceDrift {
				rec.Since = h.rec.Since
			}
			h.rec = rec
			return
		}
	}
	m.holds = append(m.holds, &modelHold{session: s, origin: id, user: s.rec.User, rec: rec})
}

func (m *model) endHold(now Now, h *modelHold, end End) {
	if h.kept = m.keep(now, end); h.kept == nil {
		m.dropHold(h, end.Reason)
	}
}

func (m *model) dropHold(h *modelHold, reason Reason) {
	m.holds = slices.DeleteFunc(m.holds, func(x *modelHold) bool { return x == h })
	m.reasons[memberKey{h.rec.Channel, h.user}] = reason
}

func (m *model) keep(now Now, end End) *modelKept {
	k := &modelKept{serial: m.keeps, at: now.Run + m.cfg.Timeout, reason: end.Reason}
	for _, p := range end.Elsewhere {
		o := m.origins[p.Node]
		_, gone := m.gone[p.Node]
		if p.Node != m.cfg.Self && (o != nil && !o.left && o.number < p.Number || o == nil && !gone) {
			k.places = append(k.places, p)
		}
	}
	if len(k.places) == 0 {
		return nil
	}
	m.keeps++
	return k
}

func (m *model) arrive(id NodeID, number uint64) {
	m.endKept(func(k *modelKept) bool {
		k.places = slices.DeleteFunc(k.places, func(p Place) bool { return p.Node == id && p.Number <= number })
		return len(k.places) == 0
	})
}

func (m *model) endKept(over func(*modelKept) bool) {
	holds := slices.Clone(m.holds)
	slices.SortStableFunc(holds, func(a, b *modelHold) int { return cmp.Compare(a.kept.order(), b.kept.order()) })
	for _, h := range holds {
		if h.kept != nil && over(h.kept) {
			m.dropHold(h, h.kept.reason)
		}
	}
	m.sessions = slices.DeleteFunc(m.sessions, func(s *modelSession) bool { return s.kept != nil && over(s.kept) })
}

func (k *modelKept) order() int {
	if k == nil {
		return -1
	}
	return k.serial
}

func (u *modelUser) consider(c *Choice) {
	if c != nil && (u.choice == nil || c.Outranks(u.choice)) {
		u.choice, u.fadeAt = c, 0
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
