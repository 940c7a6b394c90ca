package channels

import "testing"

func TestFirstSessionJoinsAndLastLeaves(t *testing.T) {
	v := New(Config{Self: NodeID{1}, Grace: 3, Timeout: 13})
	v.Learned()
	s := v.Open(Now{1, 1000}, Opening{User: "alice"})
	if !v.Join(Now{2, 1001}, s, "room", `{}`) {
		t.Fatal("join refused")
	}
	m, ok := v.Member("room", "alice")
	if want := (Member{User: "alice", Since: 1001, Status: StatusOnline, Data: `{}`}); !ok || m != want {
		t.Fatalf("member %+v %v, want %+v", m, ok, want)
	}
	v.Close(Now{3, 1002}, s, ReasonLeft)
	if users, sessions := v.Count("room"); users != 0 || sessions != 0 {
		t.Fatalf("count %d %d after the last session left", users, sessions)
	}
	if n := len(v.Writes()); n != 4 {
		t.Fatalf("%d writes, want 4", n)
	}
	if st := v.Stats(); st.Users+st.Channels+st.Members+st.Sessions != 0 {
		t.Fatalf("left behind: %+v", st)
	}
}
