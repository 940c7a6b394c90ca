package channels

import (
	"net/netip"
	"testing"
)

func TestIDsAreSharedAndNeverUsedAgain(t *testing.T) {
	v := newView()
	a := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), a, "room", "")
	v.Close(at(0), a, ReasonLeft)
	b := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), b, "room", "")
	seen := map[uint64]bool{}
	for _, w := range v.Writes() {
		if w.End != nil {
			continue
		}
		id := uint64(0)
		if w.Session != nil {
			id = w.Session.ID
		} else {
			id = w.Membership.ID
		}
		if id == 0 || seen[id] {
			t.Fatalf("id %d twice", id)
		}
		seen[id] = true
	}
	if len(seen) != 4 {
		t.Fatalf("%d ids, want 4", len(seen))
	}
}

func TestNewMembershipInheritsTheEarliestSince(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2) // since 5000
	s := v.Open(at(9000), Opening{User: "alice"})
	v.Join(at(9000), s, "room", "")
	w := v.Writes()
	if got := w[1].Membership.Since; got != 5000 {
		t.Fatalf("since %d, want 5000", got)
	}
	v.Lost(at(9001), nodeB, 1)
	if m, _ := v.Member("room", "alice"); m.Since != 5000 {
		t.Fatalf("since %d once the first hold is gone", m.Since)
	}
	v.Close(at(9002), s, ReasonLeft)
	s = v.Open(at(9003), Opening{User: "alice"})
	v.Join(at(9003), s, "room", "")
	if m, _ := v.Member("room", "alice"); m.Since != at(9003).Wall {
		t.Fatalf("since %d of a new presence", m.Since)
	}
}

func TestSecondSessionThatJoinedEarlierElsewhereCorrectsSince(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "") // at 1,000,000
	v.Events()
	c := putM(2, 1, "room")
	c.Membership.Since = at(0).Wall - 14_900 // the way makes that much, from node to node
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), c}, 2)
	wantStory(t, v)
	v.Apply(at(0), nodeC, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2) // a split has healed
	wantStory(t, v, "alice updates room")
}

func TestDataIsThatOfTheHighestStamp(t *testing.T) {
	v := newView()
	data := func() string { m, _ := v.Member("room", "alice"); return m.Data }
	a := v.Open(at(0), Opening{User: "alice"})
	b := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), a, "room", `{"a":1}`)
	v.Join(at(0), b, "room", "") // says nothing
	if got := data(); got != `{"a":1}` {
		t.Fatalf("data %s after a join that said nothing", got)
	}
	v.Update(at(0), b, "room", `{"b":1}`)
	if got := data(); got != `{"b":1}` {
		t.Fatalf("data %s, want that set last", got)
	}
	c := putM(2, 1, "room")
	c.Membership.Data, c.Membership.Stamp = `{"c":1}`, 7
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), c}, 2)
	v.Join(at(0), a, "room", `{"a":2}`)
	if got := data(); got != `{"a":2}` {
		t.Fatalf("data %s, want that set last", got)
	}
	w := v.Writes()
	if got := w[len(w)-1].Membership.Stamp; got != 8 {
		t.Fatalf("stamp %d, want 1 + the highest known", got)
	}
	v.Close(at(0), a, ReasonLeft)
	if got := data(); got != `{"c":1}` {
		t.Fatalf("data %s, want to fall back", got)
	}
	v.Update(at(0), b, "room", "")
	if got := data(); got != "" {
		t.Fatalf("data %s after it was taken away", got)
	}
}

func TestEqualDataIsNoEventAndNoWrite(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", `{"a":1}`)
	v.Events()
	v.Writes()
	for range 2 {
		if !v.Join(at(1), s, "room", `{"a":1}`) || !v.Update(at(1), s, "room", `{"a":1}`) || !v.Join(at(1), s, "room", "") {
			t.Fatal("refused")
		}
	}
	wantStory(t, v)
	if w := v.Writes(); len(w) != 0 {
		t.Fatalf("wrote %s", list(w))
	}
}

func TestLoginEndsOneSessionAndBeginsAnotherInOneStep(t *testing.T) {
	v := newView()
	v.Follow("room")
	s := v.Open(at(0), Opening{User: "alice", State: Away, Active: 77})
	v.Join(at(0), s, "room", "")
	v.Events()
	v.Writes()
	id := v.SetUser(at(1), s, Opening{User: "bob", Profile: `{"n":1}`})
	wantStory(t, v, "alice leaves room: logout")
	w := v.Writes()
	if len(w) != 3 || w[0].End.Reason != ReasonLogout || w[1].End.Reason != ReasonLogout || w[2].Session.ID != id || id == s {
		t.Fatalf("wrote %s", list(w))
	}
	if got := w[2].Session; got.State != Away || got.Active != 77 || got.Profile != `{"n":1}` {
		t.Fatalf("new session %+v", *got)
	}
	if v.SetUser(at(2), s, Opening{}) != 0 {
		t.Fatal("a session that ended became another's")
	}
}

func TestLoginAsTheSameUserElsewhereIsNoLeave(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	other := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), other, "room", "")
	v.Events()
	v.SetUser(at(1), s, Opening{})
	wantStory(t, v)
	if st := v.Stats(); st.Anonymous != 1 || st.Sessions != 2 {
		t.Fatalf("%+v", st)
	}
}

func TestRequestsOfUnknownSessionsChangeNothing(t *testing.T) {
	v := newView()
	anonymous := v.Open(at(0), Opening{})
	v.Writes()
	for _, s := range []uint64{anonymous, 99} {
		if v.Join(at(0), s, "room", "") || v.Update(at(0), s, "room", "x") || v.Leave(at(0), s, "room", ReasonLeft) || v.Choose(at(0), s, StatusBusy, "") {
			t.Fatalf("session %d was served", s)
		}
	}
	if v.SetState(at(0), 99, Away, 0) || v.SetProfile(at(0), 99, "x") || v.Close(at(0), 99, ReasonLeft) || v.Break(at(0), 99) {
		t.Fatal("an unknown session was served")
	}
	alice := v.Open(at(0), Opening{User: "alice"})
	v.Writes()
	if v.Update(at(0), alice, "room", "x") || v.Leave(at(0), alice, "room", ReasonLeft) || v.SetState(at(0), alice, Broken, 0) {
		t.Fatal("served without membership, or with a state that is none")
	}
	if w := v.Writes(); len(w) != 0 {
		t.Fatalf("wrote %s", list(w))
	}
}

func TestRenewedProfileShowsInAllChannels(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice", Profile: `{"n":1}`})
	v.Join(at(0), s, "a", "")
	v.Join(at(0), s, "b", "")
	v.Events()
	v.SetProfile(at(1), s, `{"n":2}`)
	v.SetProfile(at(1), s, `{"n":2}`)
	if got := story(v); len(got) != 2 {
		t.Fatalf("events %q, want one update in each channel", got)
	}
	if m, _ := v.Member("a", "alice"); m.Profile != `{"n":2}` {
		t.Fatalf("profile %s", m.Profile)
	}
}

func TestProfileIsThatOfTheNewestLiveSession(t *testing.T) {
	v := newView()
	old, young := putS(1, "alice", Online), putS(5, "alice", Online)
	old.Session.Profile, young.Session.Profile = "old", "young"
	v.Apply(at(0), nodeB, []Change{old, putM(2, 1, "room")}, 2)
	v.Apply(at(0), nodeC, []Change{young}, 1)
	profile := func() string { m, _ := v.Member("room", "alice"); return m.Profile }
	if got := profile(); got != "young" {
		t.Fatalf("profile %s", got)
	}
	v.Apply(at(0), nodeC, []Change{ended(young, ReasonLeft)}, 2)
	if got := profile(); got != "old" {
		t.Fatalf("profile %s once the newest is gone", got)
	}
	v.Apply(at(0), nodeB, []Change{{Session: &Session{ID: 1, User: "alice", State: Broken}}}, 3)
	if got := profile(); got != "old" {
		t.Fatalf("profile %s, want what it was before all broke", got)
	}
}

func TestNewMembershipInheritsSinceOfHoldsThatAreGone(t *testing.T) {
	v := newView()
	late := putM(2, 1, "room")
	late.Membership.Since = 90_000
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putM(2, 1, "room")}, 2) // since 5000
	v.Apply(at(0), nodeC, []Change{putS(1, "alice", Online), late}, 2)
	v.Lost(at(1), nodeB, 1)
	v.Join(at(2), v.Open(at(2), Opening{User: "alice"}), "room", "")
	if got := v.Writes()[1].Membership.Since; got != 5000 {
		t.Fatalf("since %d, want 5000", got)
	}
}

func TestLoadCountsTheSessionsOfEachNode(t *testing.T) {
	v := newView()
	v.Open(at(0), Opening{User: "alice"})
	nobody, bob := putS(1, "", Online), putS(2, "bob", Online)
	v.Apply(at(0), nodeB, []Change{nobody, bob, putS(3, "carol", Broken)}, 3)
	for _, step := range []struct {
		what string
		do   func()
		b    Load
	}{
		{"three came", func() {}, Load{3, 1, 3}},
		{"bob became carol", func() { v.Apply(at(0), nodeB, []Change{putS(2, "carol", Online)}, 4) }, Load{3, 1, 3}},
		{"two left", func() {
			v.Apply(at(0), nodeB, []Change{ended(nobody, ReasonLeft), ended(putS(2, "carol", Online), ReasonLeft)}, 6)
		}, Load{1, 0, 3}},
		{"the node was lost", func() { v.Lost(at(0), nodeB, 1) }, Load{}},
	} {
		step.do()
		if got := v.Load(nodeB); got != step.b {
			t.Errorf("%s: %+v, want %+v", step.what, got, step.b)
		}
	}
	if got := v.Load(self); got != (Load{1, 0, 1}) {
		t.Errorf("own load %+v, want one session", got)
	}
}

func TestDetailsStayWithTheSocket(t *testing.T) {
	v := newView()
	from := netip.MustParseAddr("192.0.2.7")
	first := v.Open(at(0), Opening{User: "alice", Details: NewDetails(from, "agent", `{"a":1}`, at(0).Wall)})
	v.SetState(at(5), first, Away, 1)
	second := v.SetUser(at(9), first, Opening{User: "bob"})
	for _, e := range v.Events() {
		if e.Kind&(SessionConnected|SessionDisconnected) != 0 && e.Details.Agent() != "agent" {
			t.Errorf("the event %+v has lost the agent", e)
		}
	}
	d, _ := v.Details("bob")
	if s := d.Sessions[0]; s.ID != second || s.Details.Address() != from || s.Details.Agent() != "agent" || s.Details.Meta != `{"a":1}` || s.Details.Since != at(9).Wall {
		t.Errorf("the session of who came after is %+v with details %+v", s, s.Details)
	}
	if d := NewDetails(netip.Addr{}, "", "", 0); d.Address().IsValid() || d.Agent() != "" {
		t.Errorf("unknown details are told as %v, %q", d.Address(), d.Agent())
	}
	if d := NewDetails(netip.MustParseAddr("::ffff:192.0.2.7"), "", "", 0); d.Address() != from {
		t.Errorf("IPv4 within IPv6 is told as %v", d.Address())
	}
}
