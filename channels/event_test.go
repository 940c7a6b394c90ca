package channels

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestSessionEventsTellOfEverySocketOnce(t *testing.T) {
	v := newView()
	v.Record(SessionKinds)
	lines := func() (all []string) {
		names := map[Kind]string{SessionConnected: "connected", SessionDisconnected: "disconnected", SessionAway: "away", SessionOnline: "online"}
		for _, e := range v.Events() {
			all = append(all, fmt.Sprintf("%d/%d %s %s %d", e.Origin[0], e.Session, e.User, names[e.Kind], e.Reason))
		}
		return all
	}
	s := putS(1, "alice", Online)
	v.Apply(at(0), nodeB, []Change{s, putS(2, "", Away)}, 2)
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Broken)}, 3) // in grace: no event
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online)}, 4)
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Away), putS(2, "", Online)}, 6)
	v.Apply(at(0), nodeB, []Change{ended(s, ReasonLeft, Place{nodeC, 9})}, 7) // the user is kept, the socket is gone
	v.Lost(at(1), nodeB, 1)
	want := []string{
		"2/1 alice connected 0", "2/2  connected 0", "2/1 alice away 0", "2/2  online 0",
		"2/1 alice disconnected 1", "2/2  disconnected 7",
	}
	if got := lines(); !slices.Equal(got, want) {
		t.Fatalf("events %q, want %q", got, want)
	}
}

func TestUserEventTellsThenAndNow(t *testing.T) {
	v := newView()
	v.Record(UserChanged)
	s := v.Open(at(0), Opening{User: "alice"})
	v.Choose(at(0), s, StatusBusy, "call")
	v.Close(at(0), s, ReasonLeft)
	want := []Event{
		{Kind: UserChanged, Cause: Cause{Origin: self, How: Began, N: s}, User: "alice", OldStatus: StatusOffline, Status: StatusOnline, Connection: Online, OldChosen: StatusOnline, Chosen: StatusOnline, ChoiceCause: Cause{Origin: self, How: Began, N: s}},
		{
			Kind: UserChanged, Cause: Cause{Origin: self, How: Changed, N: 2}, User: "alice", OldStatus: StatusOnline, Status: StatusBusy, OldConnection: Online, Connection: Online,
			OldChosen: StatusOnline, Chosen: StatusBusy, Text: "call", ChoiceCause: Cause{Origin: self, How: Changed, N: 2},
		},
		{
			Kind: UserChanged, Cause: Cause{Origin: self, How: Ended, N: s}, User: "alice", OldStatus: StatusBusy, Status: StatusOffline, OldConnection: Online,
			OldChosen: StatusBusy, Chosen: StatusBusy, OldText: "call", Text: "call", ChoiceCause: Cause{Origin: self, How: Ended, N: s},
		},
	}
	if got := v.Events(); !reflect.DeepEqual(got, want) {
		t.Fatalf("events %+v, want %+v", got, want)
	}
}

func TestEventsNobodyWantsAreNotRecorded(t *testing.T) {
	v := newView()
	v.Record(0)
	v.Follow("room")
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	if e := v.Events(); len(e) != 0 {
		t.Fatalf("events %+v", e)
	}
	if _, changed := v.Flush("room"); !changed {
		t.Fatal("followers depend on it")
	}
}

func TestReasonHasAName(t *testing.T) {
	for r, want := range map[Reason]string{ReasonLeft: "left", ReasonNodeLost: "node_lost", ReasonHidden: "hidden", 0: "reason(0)", 99: "reason(99)"} {
		if got := r.String(); got != want {
			t.Errorf("%d is %q, want %q", uint8(r), got, want)
		}
	}
}

func TestStatesAndStatusesHaveWords(t *testing.T) {
	for is, want := range map[fmt.Stringer]string{
		Online: "online", Away: "away", Broken: "broken", State(0): "", State(4): "state(4)",
		StatusOnline: "online", StatusAway: "away", StatusBusy: "busy", StatusOffline: "offline", Status(0): "", Status(5): "status(5)",
	} {
		if got := is.String(); got != want {
			t.Errorf("%#v is %q, want %q", is, got, want)
		}
	}
}

func TestSessionNameSurvivesItsText(t *testing.T) {
	node := NodeID{0xab, 15: 0xcd}
	for _, session := range []uint64{1, 35, 36, math.MaxUint64} {
		name := SessionName(node, session)
		if n, s, err := ParseSessionName(name); err != nil || n != node || s != session {
			t.Errorf("%s is session %d of %v, %v", name, s, n, err)
		}
	}
	if got, want := SessionName(node, 36), node.String()+"-10"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, bad := range []string{"", "-", node.String(), node.String() + "-", node.String() + "--1", node.String() + "-1 ", "ab-1", "1-" + node.String()} {
		if _, _, err := ParseSessionName(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestNodeIDSurvivesItsText(t *testing.T) {
	id := NodeID{0xab, 15: 0xcd}
	if got, err := ParseNodeID(id.String()); err != nil || got != id {
		t.Fatalf("%v %v", got, err)
	}
	for _, bad := range []string{"", "ab", "zz" + id.String()[2:], id.String() + "00"} {
		if _, err := ParseNodeID(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
