package channels

import "testing"

func TestSessionInGraceKeepsAMembershipAndNeverMakesOne(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Broken)}, 3)
	wantIn(t, v, "room", "alice")
	v.Apply(at(0), nodeC, []Change{putS(1, "bob", Broken), putM(2, 1, "room")}, 2)
	wantIn(t, v, "room", "alice")
	if got := v.User("bob").Status; got != StatusOffline {
		t.Fatalf("status %d of somebody who only ever was in grace", got)
	}
	v.Apply(at(0), nodeC, []Change{putS(1, "bob", Online)}, 3)
	wantIn(t, v, "room", "alice", "bob")
}

func TestSessionInGraceMakesAMembershipWhileLearning(t *testing.T) {
	v := New(Config{Self: self, Grace: testGrace, Timeout: testTimeout})
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Broken), putM(2, 1, "room")}, 2)
	v.Left(at(0), nodeC, 0)
	v.Apply(at(0), nodeC, []Change{putS(1, "bob", Online), putM(2, 1, "room")}, 2)
	v.Learned()
	v.Events()
	v.Apply(at(1), nodeB, []Change{putS(1, "alice", Broken)}, 3)
	wantStory(t, v)
	wantIn(t, v, "room", "alice", "bob")
	if got := v.User("alice"); got.Status != StatusOnline || got.Since != 0 {
		t.Fatalf("%+v, want online since nobody knows when", got)
	}
}

func TestReloadWithinTheGraceIsNoEvent(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	v.Events()
	v.Break(at(1000), s)
	if v.Break(at(1000), s) {
		t.Fatal("broken twice")
	}
	v.Join(at(2000), v.Open(at(2000), Opening{User: "alice"}), "room", "")
	v.Tick(at(60_000))
	wantStory(t, v)
	wantIn(t, v, "room", "alice")
	if m, _ := v.Member("room", "alice"); m.Since != at(0).Wall {
		t.Fatalf("since %d, want that of the former session", m.Since)
	}
}

func TestWithoutGraceABreakIsAnEnd(t *testing.T) {
	v := New(Config{Self: self})
	v.Learned()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	v.Events()
	v.Break(at(0), s)
	wantStory(t, v, "alice leaves room: closed")
}

func TestAfterAPauseASessionCountsOnceItsSocketHasSent(t *testing.T) {
	v := newView()
	a := v.Open(at(0), Opening{User: "alice", State: Away})
	b := v.Open(at(0), Opening{User: "bob"})
	c := v.Open(at(0), Opening{User: "carol"})
	for _, s := range []uint64{a, b, c} {
		v.Join(at(0), s, "room", "")
	}
	v.Events()
	v.Writes()
	v.Doubt(at(1000))
	if w := v.Writes(); len(w) != 3 || w[0].Session.State != Broken || w[0].Session.ID != a {
		t.Fatalf("told the peers %s", list(w))
	}
	v.Confirm(at(1001), a)
	v.SetState(at(1001), c, Away, 5) // a frame too
	v.Doubt(at(1001))                // b is in doubt already
	v.Confirm(at(1002), a)
	v.Confirm(at(1002), c)
	v.Confirm(at(1002), 999)
	v.Tick(at(1000 + testGrace.Milliseconds()))
	wantStory(t, v, "bob leaves room: timeout", "carol updates room")
	if d, _ := v.Details("alice"); d.Sessions[0].State != Away {
		t.Fatalf("session %+v, want its former state", d.Sessions[0])
	}
}

func TestBrokenSessionIsNotRevivedByFramesOfThePast(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Break(at(0), s)
	v.Confirm(at(1), s)
	if v.SetState(at(1), s, Online, 0) || v.SetUser(at(1), s, Opening{User: "bob"}) != 0 {
		t.Fatal("a broken session took a request")
	}
	v.Tick(at(testGrace.Milliseconds()))
	if _, found := v.Details("alice"); found {
		t.Fatal("still here after the grace")
	}
}

func TestLeavesThatGraceSuppressedAreCounted(t *testing.T) {
	back := func(v *View) { v.Join(at(2000), v.Open(at(2000), Opening{User: "alice"}), "room", "") }
	for _, tt := range []struct {
		name string
		do   func(v *View, session uint64)
		want uint64
	}{
		{"back after the socket broke", func(v *View, s uint64) { v.Break(at(1000), s); back(v) }, 1},
		{"back elsewhere", func(v *View, s uint64) {
			v.Break(at(1000), s)
			v.Apply(at(2000), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
		}, 1},
		{"twice", func(v *View, s uint64) {
			v.Break(at(1000), s)
			back(v)
			v.Break(at(2500), s+2)
			back(v)
		}, 2},
		{"gone for good", func(v *View, s uint64) { v.Break(at(1000), s) }, 0},
		{"back after it was over", func(v *View, s uint64) { v.Break(at(-2000), s); v.Tick(at(1500)); back(v) }, 0},
		{"another tab was there all the time", func(v *View, s uint64) { back(v); v.Break(at(2500), s); back(v) }, 0},
		{"left with a word, and joined again", func(v *View, s uint64) { v.Leave(at(1000), s, "room", ReasonLeft); back(v) }, 0},
		{"in doubt, and confirmed", func(v *View, s uint64) { v.Doubt(at(1000)); v.Confirm(at(1100), s) }, 0},
		{"renewed only in another channel", func(v *View, s uint64) {
			v.Break(at(1000), s)
			v.Join(at(1100), v.Open(at(1100), Opening{User: "alice"}), "hall", "")
		}, 0},
	} {
		v := newView()
		s := v.Open(at(-3000), Opening{User: "alice"})
		v.Join(at(-3000), s, "room", "")
		tt.do(v, s)
		v.Tick(at(60_000))
		if got := v.Stats().SuppressedLeaves; got != tt.want {
			t.Errorf("%s: %d suppressed leaves, want %d", tt.name, got, tt.want)
		}
	}
}

func TestLeavesOfANodeThatSaidGoodbyeAreSuppressedByItsGrace(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room"), putS(3, "bob", Online), putM(4, 3, "room")}, 4)
	v.Left(at(1000), nodeB, 0)
	v.Events()
	v.Apply(at(2000), nodeC, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
	v.Tick(at(60_000))
	wantStory(t, v, "bob leaves room: closed")
	if got := v.Stats().SuppressedLeaves; got != 1 {
		t.Errorf("%d suppressed leaves, want that of alice alone", got)
	}
}
