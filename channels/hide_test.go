package channels

import "testing"

func TestHiddenUserIsInNoRosterOrCount(t *testing.T) {
	v := newView()
	v.Follow("room")
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	v.Events()
	v.Flush("room")
	v.Choose(at(1), s, StatusOffline, "")
	wantStory(t, v, "alice leaves room: hidden")
	if d, _ := v.Flush("room"); len(d.Leave) != 1 || d.Leave[0].Reason != ReasonLeft || d.Count != 0 {
		t.Fatalf("followers learn %+v", d)
	}
	wantIn(t, v, "room")
	if users, sessions := v.Count("room"); users+sessions != 0 {
		t.Fatalf("count %d %d", users, sessions)
	}
	if page, _ := v.Channels("", "", 10, 10); len(page) != 0 {
		t.Fatalf("channels %+v", page)
	}
	if _, here := v.Member("room", "alice"); here {
		t.Fatal("a hidden member is found")
	}
	v.Choose(at(2), s, StatusOnline, "")
	wantStory(t, v, "alice joins room")
	wantIn(t, v, "room", "alice")
}

func TestJoinAndLeaveWhileHiddenAreSilent(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice", Status: StatusOffline})
	v.Join(at(0), s, "room", "")
	v.Leave(at(0), s, "room", ReasonLeft)
	v.Close(at(0), s, ReasonLeft)
	wantStory(t, v)
	if v.LastSeen("alice") != 0 {
		t.Fatal("who was hidden all the time was seen")
	}
}

func TestWhoHidWasLastSeenThen(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Choose(at(5000), s, StatusOffline, "")
	v.Close(at(9000), s, ReasonLeft)
	if got := v.User("alice"); got.LastSeen != at(5000).Wall || got.Status != StatusOffline {
		t.Fatalf("%+v, want last seen when she hid", got)
	}
}

func TestOperatorSeesWhoHides(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice", Status: StatusOffline, Text: "gone fishing"})
	v.Join(at(0), s, "room", "")
	d, found := v.Details("alice")
	if !found || d.Chosen != StatusOffline || d.Connection != Online || d.Status != StatusOffline || len(d.Channels) != 1 || len(d.Sessions) != 1 {
		t.Fatalf("details %+v %v", d, found)
	}
	if u := v.User("alice"); u.Text != "" || u.Since != 0 {
		t.Fatalf("others see %+v", u)
	}
}
