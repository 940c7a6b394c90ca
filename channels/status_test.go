package channels

import "testing"

// TestStatusTable goes through every chosen status and every pair of sessions.
func TestStatusTable(t *testing.T) {
	const none = Broken + 1
	on, away, busy, off := StatusOnline, StatusAway, StatusBusy, StatusOffline
	want := map[Status]map[State]map[State]Status{
		on:   {Online: {Online: on, Away: on, none: on}, Away: {Online: on, Away: away, none: away}, none: {Online: on, Away: away, none: off}},
		away: {Online: {Online: away, Away: away, none: away}, Away: {Online: away, Away: away, none: away}, none: {Online: away, Away: away, none: off}},
		busy: {Online: {Online: busy, Away: busy, none: busy}, Away: {Online: busy, Away: busy, none: busy}, none: {Online: busy, Away: busy, none: off}},
		off:  {Online: {Online: off, Away: off, none: off}, Away: {Online: off, Away: off, none: off}, none: {Online: off, Away: off, none: off}},
	}
	for chosen, first := range want {
		for one, second := range first {
			for two, status := range second {
				v := newView()
				for i, state := range []State{one, two} {
					if state != none {
						c := putS(uint64(i+1), "alice", state)
						c.Session.Choice = &Choice{Status: chosen, Stamp: 1}
						v.Apply(at(0), []NodeID{nodeB, nodeC}[i], []Change{c}, 1)
					}
				}
				if got := v.User("alice").Status; got != status {
					t.Errorf("chose %d, sessions %d and %d: status %d, want %d", chosen, one, two, got, status)
				}
			}
		}
	}
}

func TestIdleTabNeverPullsDownAnActiveOne(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2)
	v.Events()
	v.Apply(at(1), nodeC, []Change{putS(1, "alice", Away), putM(2, 1, "room")}, 2)
	wantStory(t, v)
	v.Tick(at(60_000))
	if got := v.User("alice").Status; got != StatusOnline {
		t.Fatalf("status %d with one tab active", got)
	}
}

func TestSwitchOfTabsIsNoFlicker(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putS(2, "alice", Away), putM(3, 1, "room")}, 3)
	v.Events()
	v.Apply(at(1000), nodeB, []Change{putS(1, "alice", Away)}, 4)
	if next, any := v.Next(); !any || next != at(2000).Run {
		t.Fatalf("next deadline %v %v, want the end of the hold", next, any)
	}
	v.Tick(at(1999))
	v.Apply(at(1999), nodeB, []Change{putS(2, "alice", Online)}, 5)
	v.Tick(at(10_000))
	wantStory(t, v)
	if _, any := v.Next(); any {
		t.Fatal("the hold is still due")
	}
}

func TestAwayComesAfterAShortHoldAndOnlineAtOnce(t *testing.T) {
	v := newView()
	a := putS(1, "alice", Online)
	a.Session.Active = 100
	v.Apply(at(0), nodeB, []Change{a, putM(3, 1, "room")}, 3)
	away := putS(1, "alice", Away)
	away.Session.Active = 5000
	v.Apply(at(1000), nodeB, []Change{away}, 4)
	v.Events()
	v.Tick(at(1999))
	wantStory(t, v)
	v.Tick(at(2000))
	wantStory(t, v, "alice updates room")
	if m, _ := v.Member("room", "alice"); m.Status != StatusAway || m.LastActivity != 5000 {
		t.Fatalf("away member is %+v", m)
	}
	v.Apply(at(2001), nodeB, []Change{putS(1, "alice", Online)}, 5)
	wantStory(t, v, "alice updates room")
	if m, _ := v.Member("room", "alice"); m.Status != StatusOnline || m.LastActivity != 0 {
		t.Fatalf("active member is %+v", m)
	}
}

func TestWhoComesAwayIsAwayAtOnce(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Away)}, 1)
	if got := v.User("alice").Status; got != StatusAway {
		t.Fatalf("status %d", got)
	}
}

func TestSessionInGraceDoesNotCountForStateBesideALiveOne(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putS(2, "alice", Away)}, 2)
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Broken)}, 3)
	v.Tick(at(1000))
	if got := v.User("alice").Status; got != StatusAway {
		t.Fatalf("status %d, want that of the live session", got)
	}
	v.Apply(at(1100), nodeB, []Change{putS(2, "alice", Broken)}, 4)
	if got := v.User("alice").Status; got != StatusAway {
		t.Fatalf("status %d, want what it was before all broke", got)
	}
}

func TestLastActivityNeverMovesBackwards(t *testing.T) {
	v := newView()
	one, two := putS(1, "alice", Away), putS(2, "alice", Away)
	one.Session.Active, two.Session.Active = 9000, 4000
	v.Apply(at(0), nodeB, []Change{one, two}, 2)
	v.Apply(at(0), nodeB, []Change{ended(one, ReasonLeft)}, 3)
	if got := v.User("alice").LastActivity; got != 9000 {
		t.Fatalf("last activity %d, want 9000", got)
	}
}

func TestDateThatTravelsAgainIsKept(t *testing.T) {
	v := newView()
	one := putS(1, "alice", Away)
	one.Session.Active = 9000
	v.Apply(at(0), nodeB, []Change{one, putM(2, 1, "room")}, 2)
	v.Events()
	again, m := putS(1, "alice", Away), putM(2, 1, "room")
	again.Session.Active, m.Membership.Since = 9400, 5300
	v.Apply(at(0), nodeB, []Change{again, m}, 4)
	wantStory(t, v)
	if got := v.User("alice").LastActivity; got != 9000 {
		t.Fatalf("last activity %d, want the first received", got)
	}
	if got, _ := v.Member("room", "alice"); got.Since != 5000 {
		t.Fatalf("since %d, want the first received", got.Since)
	}
	again.Session = &Session{ID: 1, User: "alice", State: Away, Active: 60_000} // states in between were skipped
	v.Apply(at(0), nodeB, []Change{again}, 5)
	if got := v.User("alice").LastActivity; got != 60_000 {
		t.Fatalf("last activity %d, want the new one", got)
	}
}

// A client that comes back tells its last activity again, a little later for its way.
func TestDateThatIsToldAgainIsNoNews(t *testing.T) {
	v := newView()
	v.FollowUser("alice")
	const told = 1_000_000
	one := v.Open(at(0), Opening{User: "alice", State: Away, Active: told})
	v.Join(at(0), one, "room", "")
	v.ChangedUsers()
	v.Events()
	v.Open(at(0), Opening{User: "alice", State: Away, Active: told + drift})
	wantStory(t, v)
	if got := v.User("alice").LastActivity; got != told || len(v.ChangedUsers()) > 0 {
		t.Fatalf("last activity %d, want %d, which followers know", got, told)
	}
	v.Open(at(0), Opening{User: "alice", State: Away, Active: told + drift + 1})
	if got := v.User("alice").LastActivity; got != told+drift+1 || len(v.ChangedUsers()) != 1 {
		t.Fatalf("last activity %d, want that of another action", got)
	}
}
