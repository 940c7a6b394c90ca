package channels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRosterIsInOrderOfArrival(t *testing.T) {
	v := newView()
	sessions := map[string]uint64{}
	var want []string
	for i := range 100 {
		name := fmt.Sprint("user", (i*37)%100)
		sessions[name] = v.Open(at(0), Opening{User: name})
		v.Join(at(0), sessions[name], "room", "")
		want = append(want, name)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 { // so that empty places are closed now and then
		i := rng.IntN(len(want))
		name := want[i]
		v.Leave(at(0), sessions[name], "room", ReasonLeft)
		want = slices.Delete(want, i, i+1)
		if rng.IntN(3) == 0 || len(want) < 10 {
			v.Join(at(0), sessions[name], "room", "")
			want = append(want, name)
		}
	}
	wantIn(t, v, "room", want...)
	if users, _ := v.Count("room"); users != len(want) {
		t.Fatalf("count %d, want %d", users, len(want))
	}
	for m := range v.Members("room") {
		if m.User == want[0] {
			break // stops early
		}
		t.Fatalf("first is %s", m.User)
	}
}

func TestPagesOfMembersAreInOrderOfUser(t *testing.T) {
	v := newView()
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("user%02d", (i*7)%25)
		v.Join(at(0), v.Open(at(0), Opening{User: name}), "room", "")
		want = append(want, name)
	}
	slices.Sort(want)
	var got []string
	for after, more := "", true; more; {
		var page []Member
		page, more = v.Page("room", after, 10)
		for _, m := range page {
			got = append(got, m.User)
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, want) {
		t.Fatalf("pages %q, want %q", got, want)
	}
	if page, more := v.Page("room", "", 0); len(page) != 0 || more {
		t.Fatal("a page of nothing")
	}
	if page, more := v.Page("nowhere", "", 10); len(page) != 0 || more {
		t.Fatal("members of an unknown channel")
	}
}

func TestChannelsAreListedByPrefixInOrderOfName(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	var want []string
	for i := range 1500 { // several blocks
		name := fmt.Sprintf("room.%04d", (i*7)%1500)
		v.Join(at(0), s, name, "")
		want = append(want, name)
	}
	v.Join(at(0), s, "lobby", "")
	v.Join(at(0), s, "s", "")
	v.Follow("room.5555") // followed, but nobody is in it
	slices.Sort(want)
	var got []string
	for after, more := "", true; more; {
		var page []ChannelInfo
		page, more = v.Channels("room.", after, 100)
		for _, c := range page {
			got = append(got, c.Channel)
			if c.Users != 1 || c.Sessions != 1 {
				t.Fatalf("%+v", c)
			}
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%d channels listed, want %d", len(got), len(want))
	}
	if page, more := v.Channels("", "room.1499", 10); more || len(page) != 1 || page[0].Channel != "s" {
		t.Fatalf("after the last room: %+v", page)
	}
	v.Unfollow("room.5555")
	v.Close(at(0), s, ReasonLeft)
	if n := size(v); n != 0 {
		t.Fatalf("%d things left", n)
	}
}

func TestSessionsAreListedByNodeAndID(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeC, []Change{putS(9, "bob", Away), putS(4, "", Online)}, 2)
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Online)}, 1)
	v.Left(at(0), nodeB, 0)
	v.Open(at(0), Opening{User: "carol"})
	var got []string
	for s := range v.Sessions() {
		got = append(got, fmt.Sprint(s.Origin[0], s.ID, s.User, s.State))
	}
	if want := []string{"1 1carol1", "2 1alice3", "3 41", "3 9bob2"}; !slices.Equal(got, want) {
		t.Fatalf("sessions %q, want %q", got, want)
	}
	if ids := v.Origins(); !slices.Equal(ids, []NodeID{self, nodeB, nodeC}) {
		t.Fatalf("origins %v", ids)
	}
}
