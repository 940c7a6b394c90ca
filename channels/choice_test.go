package channels

import "testing"

func TestChoiceRank(t *testing.T) {
	rising := []*Choice{ // each wins over all before it
		{Status: StatusBusy, Stamp: 9, By: nodeC, Asserted: true},
		{Status: StatusOnline, Stamp: 10, By: nodeB, Asserted: true},
		{Status: StatusOnline, Stamp: 10, By: nodeC, Asserted: true},
		{Status: StatusOffline, Stamp: 1, By: nodeB, Asserted: true},
		{Status: StatusOffline, Stamp: 2, By: nodeB, Asserted: true},
		{Status: StatusOffline, Stamp: 1, By: nodeB},
		{Status: StatusAway, Stamp: 1, By: nodeC},
		{Status: StatusOnline, Stamp: 2, By: nodeB},
		{Status: StatusOffline, Stamp: 2, By: nodeB}, // no correct node tells both
		{Status: StatusOffline, Stamp: 2, By: nodeB, Text: "x"},
	}
	for i, c := range rising {
		for j, d := range rising {
			if got := c.Outranks(d); got != (i > j) {
				t.Errorf("%+v outranks %+v: %v", *c, *d, got)
			}
		}
	}
}

func TestEveryHolderCopiesTheWinner(t *testing.T) {
	v := newView()
	a := v.Open(at(0), Opening{User: "alice"})
	v.Writes()
	winner := &Choice{Status: StatusBusy, Text: "deep in code", Stamp: 4, By: nodeB}
	c := putS(1, "alice", Online)
	c.Session.Choice = winner
	v.Apply(at(0), nodeB, []Change{c}, 1)
	w := v.Writes()
	if len(w) != 1 || w[0].Session.ID != a || *w[0].Session.Choice != *winner {
		t.Fatalf("wrote %s, want session %d with the winner", list(w), a)
	}
	v.Apply(at(0), nodeB, []Change{ended(c, ReasonLeft)}, 2)
	if u := v.User("alice"); u.Status != StatusBusy || u.Text != "deep in code" {
		t.Fatalf("%+v, want the choice to outlive the chooser", u)
	}
	b := v.Open(at(1), Opening{User: "alice", Status: StatusAway})
	if w = v.Writes(); len(w) != 1 || w[0].Session.ID != b || *w[0].Session.Choice != *winner {
		t.Fatalf("wrote %s, want the new session with the winner", list(w))
	}
	v.Choose(at(2), b, StatusOnline, "")
	w = v.Writes()
	if len(w) != 2 || w[0].Session.ID != b || w[1].Session.ID != a || w[1].Session.Choice.Stamp != 5 {
		t.Fatalf("wrote %s, want both sessions with stamp 5", list(w))
	}
	v.Choose(at(2), b, StatusOnline, "")
	if w = v.Writes(); len(w) != 0 {
		t.Fatalf("wrote %s for a choice that was made", list(w))
	}
}

func TestAssertedChoiceNeverOverrulesALiveOne(t *testing.T) {
	for _, tt := range []struct {
		name        string
		live        *Choice
		assert, win Status
	}{
		{"nothing was chosen", nil, StatusBusy, StatusBusy},
		{"a choice was made", &Choice{Status: StatusAway, Stamp: 1, By: nodeB}, StatusBusy, StatusAway},
		{"even against offline", &Choice{Status: StatusAway, Stamp: 1, By: nodeB}, StatusOffline, StatusAway},
		{"nor an asserted one", &Choice{Status: StatusAway, Stamp: 1, By: nodeB, Asserted: true}, StatusBusy, StatusAway},
		{"but offline wins among asserted ones", &Choice{Status: StatusAway, Stamp: 1, By: nodeB, Asserted: true}, StatusOffline, StatusOffline},
	} {
		v := newView()
		c := putS(1, "alice", Online)
		c.Session.Choice = tt.live
		v.Apply(at(0), nodeB, []Change{c}, 1)
		v.Open(at(0), Opening{User: "alice", Status: tt.assert})
		if d, _ := v.Details("alice"); d.Chosen != tt.win {
			t.Errorf("%s: chosen %d, want %d", tt.name, d.Chosen, tt.win)
		}
	}
}

func TestHiddenUserIsShownForNoMomentWhenSheMoves(t *testing.T) {
	v := newView()
	b := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	b[0].Session.Choice = &Choice{Status: StatusOffline, Stamp: 3, By: nodeB}
	v.Apply(at(0), nodeB, copied(b), 2)
	c := []Change{putS(1, "alice", Online), putM(2, 1, "room")} // has not heard of her choice
	v.Apply(at(1), nodeC, copied(c), 2)
	v.Apply(at(2), nodeB, []Change{ended(b[0], ReasonLeft)}, 3)
	wantStory(t, v)
	wantIn(t, v, "room")
	v.Apply(at(3), nodeC, []Change{ended(c[0], ReasonLeft)}, 3)
	v.Apply(at(4), nodeC, []Change{putS(3, "alice", Online)}, 4)
	if got := v.User("alice").Status; got != StatusOnline {
		t.Fatalf("status %d: the choice outlived the last session", got)
	}
}

func TestChoiceOfASessionThatPassedUnseenCounts(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online)}, 1)
	c := putS(1, "alice", Online)
	c.Session.Choice = &Choice{Status: StatusBusy, Stamp: 1, By: nodeC}
	v.Apply(at(0), nodeC, []Change{ended(c, ReasonLeft)}, 3)
	if got := v.User("alice").Status; got != StatusBusy {
		t.Fatalf("status %d, want what she chose", got)
	}
}

func TestOperatorChoosesWhereASessionIs(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online), putS(2, "alice", Online)}, 2)
	v.Apply(at(0), nodeC, []Change{putS(1, "alice", Broken)}, 2)
	if v.ChooseFor(at(0), "alice", StatusBusy, "") || v.ChooseFor(at(0), "nobody", StatusBusy, "") {
		t.Fatal("chose without a session here")
	}
	if h := v.Holders("alice"); len(h) != 2 || h[0] != nodeB || h[1] != nodeC {
		t.Fatalf("holders %v", h)
	}
	v.Open(at(0), Opening{User: "alice"})
	if !v.ChooseFor(at(0), "alice", StatusBusy, "") || v.User("alice").Status != StatusBusy {
		t.Fatal("did not choose by the session here")
	}
	if anonymous := v.Open(at(0), Opening{}); v.Choose(at(0), anonymous, StatusBusy, "") {
		t.Fatal("an anonymous session chose")
	}
}

// A user says bye and is back at once, and a peer hears of both in one answer: whoever
// held her has forgotten what she chose.
func TestChoiceEndsWithTheUserThoughItIsHeardLate(t *testing.T) {
	for name, again := range map[string]*Choice{
		"and nothing is chosen since": nil,
		"and something else is":       {Status: StatusAway, Stamp: 1, By: nodeB},
		"and asserted again":          {Status: StatusAway, Stamp: 1, By: nodeB, Asserted: true},
	} {
		v := newView()
		old := putS(1, "alice", Online)
		old.Session.Choice = &Choice{Status: StatusOffline, Stamp: 3, By: nodeB}
		v.Apply(at(0), nodeB, copied([]Change{old}), 1)
		back := putS(5, "alice", Online)
		back.Session.Choice = again
		v.Apply(at(1), nodeB, copied([]Change{back, ended(old, ReasonLeft)}), 9)
		if got := v.User("alice").Status; got != StatusOffline {
			t.Errorf("%s: at once status %d, though a copy of her choice may be on its way", name, got)
		}
		due := at(1 + testTimeout.Milliseconds())
		if next, ok := v.Next(); !ok || next != due.Run {
			t.Errorf("%s: next is at %v, %v, want a timeout after the end", name, next, ok)
		}
		v.Tick(due)
		want := StatusOnline
		if again != nil {
			want = again.Status
		}
		if got := v.User("alice").Status; got != want {
			t.Errorf("%s: a timeout later status %d, want %d as her node shows", name, got, want)
		}
	}
}

func TestChoiceThatIsCarriedAgainDoesNotFade(t *testing.T) {
	v := newView()
	old := putS(1, "alice", Online)
	old.Session.Choice = &Choice{Status: StatusBusy, Stamp: 3, By: nodeB}
	v.Apply(at(0), nodeB, copied([]Change{old}), 1)
	v.Apply(at(0), nodeC, []Change{putS(1, "alice", Online)}, 1)
	v.Apply(at(1), nodeB, copied([]Change{ended(old, ReasonLeft)}), 2)
	carries := putS(1, "alice", Online)
	carries.Session.Choice = old.Session.Choice
	v.Apply(at(500), nodeC, copied([]Change{carries}), 2)
	v.Tick(at(1 + testTimeout.Milliseconds()))
	if got := v.User("alice").Status; got != StatusBusy {
		t.Errorf("status %d, want what another node carries", got)
	}
}
