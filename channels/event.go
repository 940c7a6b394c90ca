package channels

import (
	"cmp"
	"maps"
	"slices"
)

// Kinds is a set of kinds of events.
type Kinds uint16

// Kind is what an event tells of; each is a set of one.
type Kind = Kinds

const (
	SessionConnected    Kind = 1 << iota // a session is here; in grace too
	SessionDisconnected                  // and has ended, for Reason
	SessionAway                          // went away
	SessionOnline                        // came back
	UserChanged                          // status, connection, choice or text
	ChannelJoined                        // became a member, or showed herself
	ChannelUpdated                       // a member's M changed
	ChannelLeft                          // is no member any more, or hid: ReasonHidden
	NodeJoined                           // a peer's sessions are shown
	NodeGone                             // and are not any more: ReasonNodeLost, or ReasonLeft after a goodbye

	SessionKinds = SessionConnected | SessionDisconnected | SessionAway | SessionOnline
	ChannelKinds = ChannelJoined | ChannelUpdated | ChannelLeft
	NodeKinds    = NodeJoined | NodeGone
	AllKinds     = SessionKinds | UserChanged | ChannelKinds | NodeKinds
)

// Event is one net difference that a step made.
type Event struct {
	Kind  Kind
	Cause Cause
	User  string // empty: an anonymous session

	// Of a session, which Origin and Session name in the cluster; Origin also of a node.
	Origin   NodeID
	Session  uint64
	State    State    // of SessionConnected: Online, Away or Broken
	Active   int64    // last activity, Unix milliseconds; 0: unknown
	Details  *Details // nil: unknown
	Sessions []uint64 // of NodeGone: those that go with it, in order

	// Of a session's end or a leave. ReasonHidden is for the admin's eyes only.
	Reason Reason

	// Of UserChanged: what others see, then and now; the connection (Online, Away
	// or 0, which is offline); what was chosen.
	OldStatus, Status         Status
	OldConnection, Connection State
	OldChosen, Chosen         Status
	OldText, Text             string
	ChoiceCause               Cause // of another choice or text; Cause is that of all else

	// Of a channel: the member as it is, or was last.
	Channel string
	Member  Member
}

// Record says which kinds of events are wanted, all at first. One that nobody
// wants costs nothing; while a node is learning nobody may want any, since
// [View.Sessions] tells the same at the end. Followed channels and users do not
// depend on it.
func (v *View) Record(kinds Kinds) { v.record = kinds }

// Events returns what happened since it was last asked: within one step first
// nodes and their sessions, then the users, then the members, each in the order in which
// they were first touched. The slice is good until the next call. Whoever
// records events has to take them, after every step.
func (v *View) Events() []Event {
	e := v.events
	v.events, v.told = reuse(v.told), e
	return e
}

// expect makes room for as many events of these kinds, if they are wanted: when
// the table of a large node arrives or goes, growing bit by bit costs more than
// all the rest of the step.
func (v *View) expect(kinds Kinds, n int) {
	if v.record&kinds != 0 {
		v.events = slices.Grow(v.events, n)
	}
}

func (v *View) tellSession(kind Kind, s *session, reason Reason) {
	if v.record&kind == 0 {
		return
	}
	v.events = append(v.events, Event{
		Kind: kind, Cause: v.known(v.cause), User: s.rec.User, Origin: s.origin.id, Session: s.rec.ID,
		State: s.rec.State, Active: s.rec.Active, Details: s.rec.Details, Reason: reason,
	})
}

// tellShown tells once that a peer's sessions are shown.
func (v *View) tellShown(o *origin) {
	if o.shown {
		return
	}
	o.shown = true
	if v.by(o, Began, 0); v.record&NodeJoined != 0 {
		v.events = append(v.events, Event{Kind: NodeJoined, Cause: v.cause, Origin: o.id})
	}
}

// tellGone tells that they will not be any more.
func (v *View) tellGone(o *origin, reason Reason) {
	if v.by(o, Goodbye, 0); v.record&NodeGone == 0 || !o.shown {
		return
	}
	v.events = append(v.events, Event{
		Kind: NodeGone, Cause: v.cause, Origin: o.id, Reason: reason, Sessions: slices.Sorted(maps.Keys(o.sessions)),
	})
}

// tellState tells that a session went away or came back. Grace is no state of
// its own here.
func (v *View) tellState(s *session) {
	state := s.rec.State
	if state == Broken || state == s.told {
		return
	}
	if s.told = state; state == Away {
		v.tellSession(SessionAway, s, 0)
	} else {
		v.tellSession(SessionOnline, s, 0)
	}
}

func (v *View) tellUser(t *touchedUser, is look) {
	if t.u.followed && (is.status != t.old.status || is.text != t.old.text || is.lastActive != t.old.lastActive) {
		v.markUser(t.u)
	}
	old, now := t.old, is
	old.profile, old.lastActive = now.profile, now.lastActive // of members and followers
	if v.record&UserChanged == 0 || old == now {
		return
	}
	v.events = append(v.events, Event{
		Kind: UserChanged, Cause: v.known(v.causeOf(t.cause)), User: t.u.name,
		OldStatus: old.status, Status: now.status,
		OldConnection: old.conn, Connection: now.conn,
		OldChosen: old.chosen, Chosen: now.chosen,
		OldText: old.text, Text: now.text,
		ChoiceCause: v.known(v.causeOf(cmp.Or(t.chose, t.cause))),
	})
}

// tellMember tells of a member that was judged to those who follow its channel
// and to those who want events.
func (v *View) tellMember(kind Kind, t *touchedMember, reason Reason) {
	c := t.m.channel
	if c.feed == nil && v.record&kind == 0 {
		return
	}
	u := t.m.user
	is := u.look()
	was := is
	if u.mark != 0 {
		was = v.touchedUsers[u.mark-1].old
	}
	old := Member{
		User: u.name, Since: t.since, Status: was.status, Data: t.data,
		Profile: was.profile, LastActivity: was.lastActive,
	}
	member := old
	if kind != ChannelLeft {
		member = t.m.show(is)
	}
	if kind == ChannelUpdated && member == old {
		return
	}
	if c.feed != nil {
		v.feedChange(c, old, kind != ChannelJoined, reason)
	}
	if v.record&kind != 0 {
		v.events = append(v.events, Event{
			Kind: kind, Cause: v.known(v.causeOf(t.cause)), User: u.name, Channel: c.name, Reason: reason, Member: member,
		})
	}
}
