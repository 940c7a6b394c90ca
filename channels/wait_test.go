package channels

import (
	"slices"
	"testing"
)

// moved returns a view that heard of alice in room at B, and then that she ended
// there but was seen at C, up to number 7 of which nothing was read yet.
func moved(elsewhere ...Place) *View {
	v := newView()
	b := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	v.Apply(at(0), nodeB, copied(b), 2)
	v.Events()
	v.Apply(at(100), nodeB, []Change{ended(b[0], ReasonLeft, elsewhere...), ended(b[1], ReasonLeft, elsewhere...)}, 4)
	return v
}

func TestEndWaitsForTheReturnItNames(t *testing.T) {
	v := moved(Place{nodeC, 7})
	wantStory(t, v)
	if _, sessions := v.Count("room"); sessions != 0 {
		t.Fatalf("%d sessions counted of one that ended", sessions)
	}
	v.Apply(at(200), nodeC, nil, 6)
	wantStory(t, v)
	v.Apply(at(300), nodeC, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 7)
	wantStory(t, v)
	wantIn(t, v, "room", "alice")
	if k := v.Stats().Kept; k != 0 {
		t.Fatalf("%d still kept", k)
	}
}

func TestWaitIsOver(t *testing.T) {
	for _, tt := range []struct {
		name string
		over func(v *View)
	}{
		{"when the number is reached by an empty answer", func(v *View) { v.Apply(at(200), nodeC, nil, 7) }},
		{"when the place is lost", func(v *View) { v.Lost(at(200), nodeC, 1) }},
		{"when the place has left", func(v *View) { v.Left(at(200), nodeC, 0) }},
		{"after the timeout", func(v *View) { v.Tick(at(100 + testTimeout.Milliseconds())) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := moved(Place{nodeC, 7})
			v.Tick(at(99 + testTimeout.Milliseconds()))
			wantStory(t, v)
			tt.over(v)
			wantStory(t, v, "alice leaves room: left")
			v.Left(at(100_000), nodeC, 0)
			v.Tick(at(200_000))
			if n := size(v); n != 0 {
				t.Fatalf("%d things left of nobody", n)
			}
		})
	}
}

func TestEndDoesNotWaitForWhatIsOver(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(v *View)
		place  Place
	}{
		{"a number that was read", func(v *View) { v.Apply(at(0), nodeC, nil, 7) }, Place{nodeC, 7}},
		{"a node that is lost", func(v *View) { v.Lost(at(0), nodeC, 1) }, Place{nodeC, 7}},
		{"a node that has left", func(v *View) { v.Left(at(0), nodeC, 0) }, Place{nodeC, 7}},
		{"a node that left long ago", func(v *View) { v.Left(at(0), nodeC, testTimeout) }, Place{nodeC, 7}},
		{"this node", func(*View) {}, Place{self, 99}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := newView()
			tt.before(v)
			b := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
			v.Apply(at(0), nodeB, copied(b), 2)
			v.Events()
			v.Apply(at(0), nodeB, []Change{ended(b[1], ReasonLeft, tt.place)}, 3)
			wantStory(t, v, "alice leaves room: left")
		})
	}
}

func TestEndWaitsForAllPlacesItNames(t *testing.T) {
	v := moved(Place{nodeC, 7}, Place{nodeD, 3})
	v.Lost(at(200), nodeD, 1)
	wantStory(t, v)
	v.Apply(at(200), nodeC, nil, 8)
	wantStory(t, v, "alice leaves room: left")
}

func TestKeptSessionHoldsTheStatusAndCountsForNone(t *testing.T) {
	v := moved(Place{nodeC, 7})
	if got := v.User("alice").Status; got != StatusOnline {
		t.Fatalf("status %d, want what it was", got)
	}
	if _, found := v.Details("alice"); found || len(v.Holders("alice")) != 0 {
		t.Fatal("an ended session is shown to the operator")
	}
	v.Apply(at(200), nodeD, []Change{putS(1, "alice", Away)}, 1)
	v.Tick(at(1200))
	if got := v.User("alice").Status; got != StatusAway {
		t.Fatalf("status %d, want that of the live session", got)
	}
}

func TestKeptEntryIsNoGhostOfALostNode(t *testing.T) {
	v := moved(Place{nodeC, 7})
	v.Lost(at(200), nodeB, 1) // what ended there had ended before
	wantStory(t, v)
	v.Apply(at(300), nodeC, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 7)
	wantStory(t, v)
	wantIn(t, v, "room", "alice")
}

func TestOwnEndNamesWhereTheUserIs(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	other := v.Open(at(0), Opening{User: "alice"}) // on this node: no place to wait for
	v.Join(at(0), other, "room", "")
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Broken), putM(2, 1, "room")}, 5)
	v.Apply(at(0), nodeC, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 6)
	d := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	v.Apply(at(0), nodeD, copied(d), 2)
	e := NodeID{5}
	v.Apply(at(0), nodeD, []Change{ended(d[1], ReasonLeft, Place{e, 9}), ended(d[0], ReasonLeft, Place{e, 8})}, 4)
	v.Writes()
	v.Close(at(1), s, ReasonLeft)
	w := v.Writes()
	if len(w) != 2 || w[0].Membership == nil || w[1].Session == nil {
		t.Fatalf("wrote %s, want the membership's end and then the session's", list(w))
	}
	for i, unread := range []uint64{9, 8} {
		want := []Place{{nodeC, 6}, {e, unread}, {nodeB, 5}} // live ones first
		got := w[i].End.Elsewhere
		slices.SortFunc(want, func(a, b Place) int { return int(a.Node[0]) - int(b.Node[0]) })
		if len(got) == 0 || got[0] != (Place{nodeC, 6}) {
			t.Errorf("places %v, want the live one first", got)
		}
		sorted := slices.Clone(got)
		slices.SortFunc(sorted, func(a, b Place) int { return int(a.Node[0]) - int(b.Node[0]) })
		if !slices.Equal(sorted, want) {
			t.Errorf("places %v, want %v", sorted, want)
		}
	}
	wantIn(t, v, "room", "alice")
}

func TestOwnEndNamesNoPlaceWhereTheUserIsNotInTheChannel(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "lobby")}, 5)
	v.Writes()
	v.Leave(at(1), s, "room", ReasonLeft)
	if w := v.Writes(); len(w) != 1 || len(w[0].End.Elsewhere) != 0 {
		t.Fatalf("wrote %s %+v", list(w), w[0].End)
	}
}

func TestPlacesAreBounded(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	for i := range byte(9) {
		v.Apply(at(0), NodeID{10 + i}, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
	}
	v.Writes()
	v.Close(at(1), s, ReasonLeft)
	for _, w := range v.Writes() {
		if len(w.End.Elsewhere) != MaxPlaces {
			t.Fatalf("%d places, want %d", len(w.End.Elsewhere), MaxPlaces)
		}
	}
}

func TestKeptEntriesAreBounded(t *testing.T) {
	v := New(Config{Self: self, Grace: testGrace, Timeout: testTimeout, MaxKept: 1})
	v.Learned()
	b := []Change{putS(1, "alice", Online), putM(2, 1, "room"), putM(3, 1, "lobby")}
	v.Apply(at(0), nodeB, copied(b), 3)
	v.Events()
	v.Apply(at(0), nodeB, []Change{ended(b[1], ReasonLeft, Place{nodeC, 7}), ended(b[2], ReasonLeft, Place{nodeC, 7})}, 5)
	wantStory(t, v, "alice leaves lobby: left")
	if st := v.Stats(); st.Kept != 1 || st.KeptTooMany != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestStayThatPassedUnseenProlongsTheWait(t *testing.T) {
	v := moved(Place{nodeC, 7})
	c := []Change{putS(1, "alice", Online), putM(2, 1, "room")} // never heard of, only of its end
	gone := []Change{ended(c[0], ReasonLeft, Place{nodeD, 3}), ended(c[1], ReasonLeft, Place{nodeD, 3})}
	v.Apply(at(200), nodeC, copied(gone), 9)
	v.Apply(at(200), nodeC, copied(gone), 9)
	wantStory(t, v)
	v.Apply(at(300), nodeD, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 3)
	wantStory(t, v)
	wantIn(t, v, "room", "alice")
	if k := v.Stats().Kept; k != 0 {
		t.Fatalf("%d still kept", k)
	}
}

func TestStayThatPassedUnseenMakesNobodyAMember(t *testing.T) {
	v := newView()
	c := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	v.Apply(at(0), nodeC, []Change{ended(c[0], ReasonLeft, Place{nodeD, 3}), ended(c[1], ReasonLeft, Place{nodeD, 3})}, 9)
	wantStory(t, v)
	if n := size(v); n != 0 {
		t.Fatalf("%d things kept of somebody never seen", n)
	}
}

func TestMarksOfGoneNodesAreBounded(t *testing.T) {
	v := newView()
	for i := range 2 * maxGone {
		v.Lost(at(0), NodeID{9, byte(i), byte(i >> 8)}, 1)
	}
	if len(v.gone.byNode) != maxGone || len(v.gone.order) != maxGone {
		t.Fatalf("%d marks in %d places", len(v.gone.byNode), len(v.gone.order))
	}
}

func TestForgottenEndOfAnUnseenEntryKeepsNobody(t *testing.T) {
	v := newView()
	a := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	v.Apply(at(0), nodeB, copied(a), 2)
	c := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	for i := range c {
		c[i].End = &End{Reason: ReasonClosed, Forgotten: true}
	}
	v.Apply(at(0), nodeC, copied(c), 9)
	v.Events()
	v.Apply(at(1), nodeB, []Change{ended(a[0], ReasonLeft), ended(a[1], ReasonLeft)}, 4)
	wantStory(t, v, "alice leaves room: left")
	if n := size(v); n != 0 {
		t.Fatalf("%d things left of nobody", n)
	}
}

// A cause makes one update of a member, and not another one when what it ended is not
// waited for any more: both would have one id.
func TestNoCauseMakesTwoUpdates(t *testing.T) {
	v := newView()
	put := func(id, stamp uint64, since int64, data string) Change {
		return Change{Membership: &Membership{ID: id, Session: 1, Channel: "room", Stamp: stamp, Since: since, Data: data}}
	}
	session, first, unseen := putS(1, "alice", Online), put(2, 1, 90_000, `{"n":1}`), put(3, 2, 5_000, `{"n":2}`)
	v.Apply(at(0), nodeB, []Change{session, first}, 2)
	v.Events()
	told := map[Cause]bool{}
	expect := func(cause Cause, data string) {
		t.Helper()
		for _, e := range v.Events() {
			if e.Kind == ChannelUpdated && (e.Cause != cause || e.Member.Data != data || told[e.Cause]) {
				t.Errorf("the data became %s by %+v, want %s by %+v, told once", e.Member.Data, e.Cause, data, cause)
			}
			told[e.Cause] = told[e.Cause] || e.Kind == ChannelUpdated
		}
		if !told[cause] {
			t.Errorf("no update was told by %+v", cause)
		}
	}
	v.Apply(at(100), nodeB, []Change{ended(first, ReasonLeft, Place{nodeC, 7}), ended(unseen, ReasonLeft, Place{nodeC, 7})}, 5)
	expect(Cause{Origin: nodeB, How: Began, N: 3}, `{"n":2}`)
	v.Apply(at(200), nodeC, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 7)
	expect(Cause{Origin: nodeB, How: Ended, N: 3}, "")
}
