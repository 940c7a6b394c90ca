package channels

import (
	"reflect"
	"testing"
)

func TestDiffsAreNumberedWithoutGapsAndUndoneChangesMakeNone(t *testing.T) {
	v := newView()
	v.Follow("room")
	if got := v.Version("room"); got != 1 {
		t.Fatalf("version %d, want 1", got)
	}
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	if got := v.Dirty(); !reflect.DeepEqual(got, []Dirty{{"room", 1}}) {
		t.Fatalf("dirty %v", got)
	}
	v.Update(at(0), s, "room", `{"a":1}`)
	if got := v.Dirty(); len(got) != 0 {
		t.Fatalf("dirty %v before the flush", got)
	}
	d, changed := v.Flush("room")
	m, _ := v.Member("room", "alice")
	if want := (Diff{Version: 2, Count: 1, Join: []Member{m}}); !changed || !reflect.DeepEqual(d, want) {
		t.Fatalf("diff %+v, want %+v", d, want)
	}
	v.Leave(at(1), s, "room", ReasonLeft)
	v.Join(at(0), s, "room", `{"a":1}`) // as it was, since too
	if got := v.Dirty(); len(got) != 1 {
		t.Fatalf("dirty %v", got)
	}
	if d, changed = v.Flush("room"); changed || v.Version("room") != 2 {
		t.Fatalf("diff %+v of what was undone", d)
	}
	v.Update(at(2), s, "room", `{"a":2}`)
	if d, _ = v.Flush("room"); d.Version != 3 || len(d.Update) != 1 || d.Update[0].Data != `{"a":2}` {
		t.Fatalf("diff %+v", d)
	}
	v.Close(at(3), s, ReasonKicked)
	if d, _ = v.Flush("room"); d.Version != 4 || d.Count != 0 || !reflect.DeepEqual(d.Leave, []Leave{{"alice", ReasonKicked}}) {
		t.Fatalf("diff %+v", d)
	}
}

func TestWhoCameAndWentBetweenFlushesIsNotMentioned(t *testing.T) {
	v := newView()
	v.Follow("room")
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	v.Close(at(0), s, ReasonLeft)
	if d, changed := v.Flush("room"); changed {
		t.Fatalf("diff %+v", d)
	}
}

func TestFollowersOfNobodyCostNothingAndLeaveNothing(t *testing.T) {
	v := newView()
	v.Follow("room")
	v.Follow("room")
	v.Unfollow("room")
	if v.Version("room") == 0 {
		t.Fatal("unfollowed while one still follows")
	}
	s := v.Open(at(0), Opening{User: "alice"})
	v.Join(at(0), s, "room", "")
	v.Close(at(0), s, ReasonLeft)
	v.Unfollow("room")
	v.Unfollow("room")
	v.Unfollow("never")
	if got := v.Dirty(); len(got) != 0 || v.Version("room") != 0 {
		t.Fatalf("dirty %v of a channel nobody follows", got)
	}
	if _, changed := v.Flush("room"); changed {
		t.Fatal("a diff for nobody")
	}
	if n := size(v); n != 0 {
		t.Fatalf("%d things left", n)
	}
}

func TestChangeOfFollowedUserIsToldOnceAndNotIfUndone(t *testing.T) {
	v := newView()
	v.FollowUser("alice")
	if got := v.ChangedUsers(); len(got) != 0 {
		t.Fatalf("changed %v", got)
	}
	s := v.Open(at(0), Opening{User: "alice"})
	v.Open(at(0), Opening{User: "bob"})
	if got := v.ChangedUsers(); len(got) != 1 || got[0].UserInfo != v.User("alice") || got[0].Status != StatusOnline {
		t.Fatalf("changed %+v", got)
	}
	v.Choose(at(1), s, StatusBusy, "call")
	v.Choose(at(1), s, StatusOnline, "")
	if got := v.ChangedUsers(); len(got) != 0 {
		t.Fatalf("changed %+v by what was undone", got)
	}
	v.Choose(at(1), s, StatusOnline, "call me")
	if got := v.ChangedUsers(); len(got) != 1 || got[0].Text != "call me" {
		t.Fatalf("changed %+v", got)
	}
	v.Close(at(2000), s, ReasonLeft)
	if got := v.ChangedUsers(); len(got) != 1 || got[0].UserInfo != (UserInfo{User: "alice", Status: StatusOffline, LastSeen: at(2000).Wall}) {
		t.Fatalf("changed %+v", got)
	}
}

func TestFollowerWhoCameMeanwhileIsToldOfTheUndoing(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.FollowUser("alice")
	v.Choose(at(1), s, StatusBusy, "")
	v.FollowUser("alice") // and is told busy
	v.Choose(at(1), s, StatusOnline, "")
	if got := v.ChangedUsers(); len(got) != 1 || got[0].Status != StatusOnline {
		t.Fatalf("changed %+v", got)
	}
}

func TestUnfollowedUserIsNotTold(t *testing.T) {
	v := newView()
	v.FollowUser("alice")
	v.FollowUser("alice")
	v.UnfollowUser("alice")
	s := v.Open(at(0), Opening{User: "alice"})
	v.UnfollowUser("alice")
	v.UnfollowUser("alice")
	v.Choose(at(1), s, StatusBusy, "")
	if got := v.ChangedUsers(); len(got) != 0 {
		t.Fatalf("changed %+v", got)
	}
	v.FollowUser("alice") // while here
	v.Choose(at(1), s, StatusAway, "")
	if got := v.ChangedUsers(); len(got) != 1 {
		t.Fatalf("changed %+v", got)
	}
}
