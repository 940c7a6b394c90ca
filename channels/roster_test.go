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
	for page := search(v, "room", "", 10); len(page) > 0; page = search(v, "room", got[len(got)-1], 10) {
		got = append(got, page...)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("pages %q, want %q", got, want)
	}
	if page := search(v, "room", "", 0); len(page) != 0 {
		t.Fatal("a page of nothing")
	}
	if page := search(v, "nowhere", "", 10); len(page) != 0 {
		t.Fatal("members of an unknown channel")
	}
}

// search returns the first names of a channel after one, looked for a few at a time.
func search(v *View, channel, after string, most int) []string {
	s := Search{Channel: channel, After: after, Most: most}
	for !v.Search(&s, 7) {
	}
	return s.Found()
}

func TestASearchFindsWhoIsThereAllTheWhile(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		v := newView()
		stays, goes := map[string]bool{}, map[string]uint64{}
		for i := range 60 {
			name := fmt.Sprintf("user%02d", rng.IntN(100))
			s := v.Open(at(0), Opening{User: name})
			v.Join(at(0), s, "room", "")
			if i%3 == 0 {
				stays[name] = true
			} else {
				goes[name] = s
			}
		}
		s := Search{Channel: "room", After: "user20", Most: 100}
		for !v.Search(&s, 5) {
			switch name := fmt.Sprintf("user%02d", rng.IntN(100)); {
			case rng.IntN(3) == 0:
				v.Join(at(0), v.Open(at(0), Opening{User: name}), "room", "")
			case goes[name] != 0:
				v.Close(at(0), goes[name], ReasonLeft)
			default:
				for gone, s := range goes { // many at once, so that places move
					if !stays[gone] {
						v.Close(at(0), s, ReasonLeft)
					}
				}
				clear(goes)
			}
		}
		found := s.Found()
		if !slices.IsSorted(found) || len(slices.Compact(slices.Clone(found))) != len(found) {
			t.Fatalf("seed %d: found %q, which is not in order", seed, found)
		}
		for name := range stays {
			if _, here := v.Member("room", name); here && name > "user20" && !slices.Contains(found, name) {
				t.Fatalf("seed %d: %s was there all the while and is not among %q", seed, name, found)
			}
		}
	}
}

func TestASearchBeginsAnewInAChannelThatWasEmptyMeanwhile(t *testing.T) {
	v := newView()
	fill := func(names ...string) (sessions []uint64) {
		for _, name := range names {
			s := v.Open(at(0), Opening{User: name})
			v.Join(at(0), s, "room", "")
			sessions = append(sessions, s)
		}
		return sessions
	}
	old := fill("a", "b", "c")
	s := Search{Channel: "room", Most: 10}
	v.Search(&s, 2)
	for _, id := range old {
		v.Close(at(0), id, ReasonLeft)
	}
	fill("d", "e", "f")
	for !v.Search(&s, 2) {
	}
	if got := s.Found(); !slices.Equal(got, []string{"d", "e", "f"}) {
		t.Fatalf("found %q, want d, e, f", got)
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
	for after, more := "", true; more; more = after != "" {
		var page []ChannelInfo
		page, after = v.Channels("room.", after, 100, 70)
		if len(page) > 70 {
			t.Fatalf("%d channels of 70 looked at", len(page))
		}
		for _, c := range page {
			got = append(got, c.Channel)
			if c.Users != 1 || c.Sessions != 1 {
				t.Fatalf("%+v", c)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%d channels listed, want %d", len(got), len(want))
	}
	if page, rest := v.Channels("", "room.1499", 10, 10); rest != "" || len(page) != 1 || page[0].Channel != "s" {
		t.Fatalf("after the last room: %+v", page)
	}
	if page, rest := v.Channels("", "", 0, 10); rest != "" || len(page) != 0 {
		t.Fatalf("a page of nothing: %+v, %q", page, rest)
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
	if want := []string{"1 1carolonline", "2 1alicebroken", "3 4online", "3 9bobaway"}; !slices.Equal(got, want) {
		t.Fatalf("sessions %q, want %q", got, want)
	}
	if ids := v.Origins(); !slices.Equal(ids, []NodeID{self, nodeB, nodeC}) {
		t.Fatalf("origins %v", ids)
	}
}
