package channels

import (
	"testing"
	"time"
)

func TestOnlyTheFirstSessionJoinsAndOnlyTheLastLeaves(t *testing.T) {
	v := newView()
	b := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	v.Apply(at(0), nodeB, copied(b), 2)
	wantStory(t, v, "alice joins room")
	v.Apply(at(0), nodeC, copied(b), 2)
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	if users, sessions := v.Count("room"); users != 1 || sessions != 3 {
		t.Fatalf("count %d %d, want 1 3", users, sessions)
	}
	v.Apply(at(1), nodeB, []Change{ended(b[0], ReasonLeft)}, 3)
	v.Close(at(1), s, ReasonKicked)
	wantStory(t, v)
	v.Apply(at(1), nodeC, []Change{ended(b[1], ReasonLeft)}, 3)
	wantStory(t, v, "alice leaves room: left")
}

// TestWhenSomebodyLeaves is the table of the same name: what happens on the own
// socket, when others see it, and why.
func TestWhenSomebodyLeaves(t *testing.T) {
	for _, tt := range []struct {
		name   string
		do     func(v *View, s uint64)
		after  time.Duration
		reason string
	}{
		{"left the channel", func(v *View, s uint64) { v.Leave(at(0), s, "room", ReasonLeft) }, 0, "left"},
		{"said bye", func(v *View, s uint64) { v.Close(at(0), s, ReasonLeft) }, 0, "left"},
		{"logged out", func(v *View, s uint64) { v.SetUser(at(0), s, Opening{}) }, 0, "logout"},
		{"became somebody else", func(v *View, s uint64) { v.SetUser(at(0), s, Opening{User: "bob"}) }, 0, "logout"},
		{"socket broke", func(v *View, s uint64) { v.Break(at(0), s) }, testGrace, "closed"},
		{"socket silent", func(v *View, s uint64) { v.Close(at(0), s, ReasonTimeout) }, 0, "timeout"},
		{"token expired", func(v *View, s uint64) { v.Close(at(0), s, ReasonExpired) }, 0, "expired"},
		{"kicked", func(v *View, s uint64) { v.Close(at(0), s, ReasonKicked) }, 0, "kicked"},
		{"chose offline", func(v *View, s uint64) { v.Choose(at(0), s, StatusOffline, "") }, 0, "hidden"},
		{"not heard of after a pause", func(v *View, s uint64) { v.Doubt(at(0)) }, testGrace, "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := newView()
			s := v.Open(at(0), Opening{User: "alice"})
			v.Join(at(0), s, "room", "")
			v.Events()
			tt.do(v, s)
			if tt.after > 0 {
				v.Tick(Now{tt.after - time.Millisecond, 1})
				wantStory(t, v)
				v.Tick(Now{tt.after, 1})
			}
			wantStory(t, v, "alice leaves room: "+tt.reason)
		})
	}
}

func TestDeadNodeTakesExactlyItsEntries(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room"), putS(3, "bob", Online), putM(4, 3, "room")}, 4)
	v.Apply(at(0), nodeC, []Change{putS(1, "bob", Online), putM(2, 1, "room"), putS(3, "carol", Online), putM(4, 3, "room")}, 4)
	v.Events()
	v.Lost(at(1), nodeB, 1)
	wantStory(t, v, "alice leaves room: node_lost")
	wantIn(t, v, "room", "bob", "carol")
	if n := v.Number(nodeB); n != 0 {
		t.Fatalf("number %d of a node that is forgotten", n)
	}
	v.Lost(at(2), nodeB, 1)
	wantStory(t, v)
	v.Apply(at(3), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 4)
	wantStory(t, v, "alice joins room")
}

func TestGoodbyeGivesTheGraceThatRemains(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room"), putS(3, "bob", Online), putM(4, 3, "room")}, 4)
	v.Events()
	v.Left(at(0), nodeB, time.Second)
	if next, any := v.Next(); !any || next != 2*time.Second {
		t.Fatalf("next %v %v, want what remains of the grace", next, any)
	}
	v.Apply(at(1000), nodeC, []Change{putS(1, "bob", Online), putM(2, 1, "room")}, 2)
	v.Apply(at(1500), nodeB, []Change{putS(5, "carol", Online), putM(6, 5, "room")}, 6) // read of others
	wantStory(t, v)
	v.Tick(at(2000))
	wantStory(t, v, "alice leaves room: closed")
	v.Apply(at(2001), nodeB, []Change{putS(7, "carol", Online), putM(8, 7, "room")}, 8)
	wantStory(t, v)
	if st := v.Stats(); st.Sessions != 1 {
		t.Fatalf("%d sessions, want one", st.Sessions)
	}
}

func TestGoodbyeOfLongAgoEndsAtOnce(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
	v.Events()
	v.Left(at(0), nodeB, time.Hour)
	wantStory(t, v, "alice leaves room: closed")
	v.Lost(at(1), nodeB, 1)
	v.Apply(at(2), nodeB, []Change{putS(3, "alice", Online), putM(4, 3, "room")}, 4)
	wantStory(t, v) // left is for good
}

func TestLeftAndBackInOneAnswerIsNoEvent(t *testing.T) {
	v := newView()
	b := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	v.Apply(at(0), nodeB, copied(b), 2)
	v.Events()
	back := []Change{ended(b[1], ReasonLeft), ended(b[0], ReasonLeft), putM(4, 3, "room"), putS(3, "alice", Online)}
	back[2].Membership.Session = 3
	v.Apply(at(1), nodeB, copied(back), 6)
	wantStory(t, v)
	wantIn(t, v, "room", "alice")
	again := []Change{putM(5, 3, "room"), ended(back[2], ReasonLeft)} // the same session joins anew
	v.Apply(at(1), nodeB, copied(again), 8)
	wantStory(t, v)
	wantIn(t, v, "room", "alice")
}
