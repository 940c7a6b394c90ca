package channels

import (
	"testing"
	"time"
)

func TestOddEntriesAreCountedAndChangeNothing(t *testing.T) {
	s, m := putS(1, "alice", Online), putM(2, 1, "room")
	anonymous := putM(4, 3, "room")
	for _, tt := range []struct {
		name    string
		changes []Change
		unknown uint64
		odd     uint64
	}{
		{"end of an unknown session", []Change{ended(s, ReasonLeft)}, 1, 0},
		{"end of an unknown membership", []Change{ended(m, ReasonLeft)}, 1, 0},
		{"membership of an unknown session", []Change{m}, 1, 0},
		{"end that names a place, of nobody known", []Change{ended(m, ReasonLeft, Place{nodeC, 9})}, 1, 0},
		{"nothing at all", []Change{{}}, 0, 1},
		{"both at once", []Change{{Session: s.Session, Membership: m.Membership}}, 0, 1},
		{"end of nothing", []Change{{End: &End{}}}, 0, 1},
		{"session without id", []Change{putS(0, "alice", Online)}, 0, 1},
		{"session without state", []Change{putS(1, "alice", 0)}, 0, 1},
		{"session with a state to come", []Change{putS(1, "alice", 9)}, 0, 1},
		{"membership of nobody", []Change{putS(3, "", Online), anonymous, ended(putS(3, "", Online), ReasonLeft)}, 0, 1},
		{"membership without channel", []Change{s, putM(2, 1, ""), ended(s, ReasonLeft)}, 0, 1},
		{"membership without id", []Change{s, putM(0, 1, "room"), ended(s, ReasonLeft)}, 0, 1},
	} {
		v := newView()
		v.Apply(at(0), nodeB, cloned(tt.changes), 1)
		if st := v.Stats(); st.Unknown != tt.unknown || st.Odd != tt.odd {
			t.Errorf("%s: %+v", tt.name, st)
		}
		wantStory(t, v)
		if n := size(v); n != 0 {
			t.Errorf("%s: %d things left", tt.name, n)
		}
	}
}

// cloned is copied for changes that may be of no kind, or of both.
func cloned(changes []Change) []Change {
	var all []Change
	for _, c := range changes {
		if c.Session != nil {
			s := *c.Session
			c.Session = &s
		}
		if c.Membership != nil {
			m := *c.Membership
			c.Membership = &m
		}
		all = append(all, c)
	}
	return all
}

func TestOwnNodeIsNeverTold(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	v.Apply(at(0), self, []Change{ended(putS(s, "alice", Online), ReasonLeft)}, 1)
	v.Lost(at(0), self, 1)
	v.Left(at(0), self, 0)
	wantIn(t, v, "room", "alice")
	if st := v.Stats(); st.Odd != 3 {
		t.Fatalf("%+v", st)
	}
}

func TestOldAnswerIsDropped(t *testing.T) {
	v := newView()
	s := putS(1, "alice", Online)
	v.Apply(at(0), nodeB, []Change{s}, 5)
	v.Apply(at(0), nodeB, []Change{ended(s, ReasonLeft)}, 4)
	if st := v.Stats(); st.Old != 1 || st.Sessions != 1 || v.Number(nodeB) != 5 {
		t.Fatalf("%+v", st)
	}
}

func TestSessionEndTakesItsMembershipsAlong(t *testing.T) {
	v := newView()
	s := putS(1, "alice", Online)
	v.Apply(at(0), nodeB, []Change{s, putM(2, 1, "a"), putM(3, 1, "b")}, 3)
	v.Events()
	v.Apply(at(0), nodeB, []Change{ended(s, ReasonExpired)}, 4)
	wantStory(t, v, "alice leaves b: expired", "alice leaves a: expired")
}

func TestSessionThatBecomesAnotherUsersEndsTheFirst(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
	v.Events()
	v.Apply(at(0), nodeB, []Change{putS(1, "bob", Online)}, 3)
	wantStory(t, v, "alice leaves room: logout")
	if st := v.Stats(); st.Odd != 1 || st.Sessions != 1 || st.Users != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestEndOfAMembershipThatWasReplacedIsNone(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
	v.Apply(at(0), nodeB, []Change{putM(3, 1, "room")}, 3)
	v.Apply(at(0), nodeB, []Change{ended(putM(2, 1, "room"), ReasonLeft)}, 4)
	wantIn(t, v, "room", "alice")
	v.Apply(at(0), nodeB, []Change{ended(putM(3, 1, "room"), ReasonLeft)}, 5)
	wantIn(t, v, "room")
}

func TestNamesAreHeldOnce(t *testing.T) {
	v := newView()
	name := func() string { return string([]byte("alice")) }
	a, b := putS(1, name(), Online), putS(1, name(), Online)
	b.Session.Choice = &Choice{Status: StatusBusy, Stamp: 1}
	a.Session.Choice = &Choice{Status: StatusBusy, Stamp: 1}
	m, n := putM(2, 1, string([]byte("room"))), putM(2, 1, string([]byte("room")))
	v.Apply(at(0), nodeB, []Change{a, m}, 2)
	v.Apply(at(0), nodeC, []Change{b, n}, 2)
	if !sameBytes(a.Session.User, b.Session.User) || !sameBytes(m.Membership.Channel, n.Membership.Channel) || a.Session.Choice != b.Session.Choice {
		t.Fatal("equal strings are held twice")
	}
}

func TestDeadlinesThatAreOverCostNoMemory(t *testing.T) {
	v := newView()
	for i := range int64(5000) {
		now := at(i * 10)
		s := v.Open(now, Opening{User: "alice"})
		v.Break(now, s)
		v.Close(now, s, ReasonLeft)
		v.Next()
	}
	v.Tick(at(50_000 + testGrace.Milliseconds()))
	if n := len(v.grace.items); n != 0 {
		t.Fatalf("%d deadlines of sessions that ended", n)
	}
	var q queue[int]
	for i := range 10_000 { // never empty: what is past must go all the same
		q.push(time.Duration(i), i)
		if i >= 10 {
			q.drop()
		}
	}
	if len(q.items) > 4096 {
		t.Fatalf("%d items held for ten that wait", len(q.items))
	}
}
