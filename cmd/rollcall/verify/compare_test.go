package verify

import (
	"slices"
	"testing"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
	"github.com/rollcall-presence/rollcall/node"
)

// held is a session of node a that is as told.
func held(id, user, state string, held node.Held, channels ...string) node.HeldSession {
	return node.HeldSession{Session: node.Session{ID: id, NodeID: "a", State: state, Channels: channels}, User: user, Held: &held}
}

var (
	socket = node.Held{Socket: true, LastFrame: 1}
	grace  = node.Held{GraceUntil: 9}
	doubt  = node.Held{Socket: true, LastFrame: 1, GraceUntil: 9}
)

func truthOf(sessions ...node.HeldSession) *Truth {
	t := NewTruth()
	t.Asked("a")
	for _, s := range sessions {
		t.Add(s)
	}
	return t
}

// shows is what a node shows.
func shows(sessions []string, members ...string) (part admin.Shown) {
	for _, id := range sessions {
		part.Sessions = append(part.Sessions, admin.ShownSession{ID: id, NodeID: id[:1], User: "alice"})
	}
	for _, channel := range members {
		m := admin.ShownMember{Channel: channel}
		m.Member.User, m.Member.Since = "alice", 5
		part.Members = append(part.Members, m)
	}
	return part
}

func ghost(session, channel string) Difference {
	d := Difference{Kind: Ghost, NodeID: "b", Session: session, User: "alice", Channel: channel}
	if channel != "" {
		d.since = 5
	}
	return d
}

func missing(session, channel string) Difference {
	return Difference{Kind: Missing, NodeID: "b", Session: session, User: "alice", Channel: channel}
}

func TestCompare(t *testing.T) {
	hidden := held("a-1", "alice", "online", socket, "room")
	hidden.Hidden = true
	for _, tt := range []struct {
		name  string
		held  []node.HeldSession
		shown admin.Shown
		want  []Difference
	}{
		{"nothing", nil, shows(nil), nil},
		{"what is held is shown", []node.HeldSession{held("a-1", "alice", "online", socket, "room")}, shows([]string{"a-1"}, "room"), nil},
		{"it is not shown", []node.HeldSession{held("a-1", "alice", "online", socket, "room")}, shows(nil), []Difference{missing("a-1", ""), missing("", "room")}},
		{"it is shown and not held", nil, shows([]string{"a-1"}, "room"), []Difference{ghost("a-1", ""), ghost("", "room")}},
		{"of a node that was not asked nothing is known", nil, shows([]string{"c-1"}, "room"), nil},
		{"of a node that nobody lists no session is there", nil, shows([]string{"d-1"}), []Difference{ghost("d-1", "")}},
		{"in grace she may be shown", []node.HeldSession{held("a-1", "alice", "broken", grace, "room")}, shows([]string{"a-1"}, "room"), nil},
		{"in grace she need not be", []node.HeldSession{held("a-1", "alice", "broken", grace, "room")}, shows(nil), nil},
		{"doubted, the session is there and she need not be", []node.HeldSession{held("a-1", "alice", "broken", doubt, "room")}, shows([]string{"a-1"}), nil},
		{"one session in grace and one that lives", []node.HeldSession{held("a-1", "alice", "broken", grace, "room"), held("a-2", "alice", "online", socket, "room")},
			shows([]string{"a-2"}), []Difference{missing("", "room")}},
		{"held by no socket and in no grace", []node.HeldSession{held("a-1", "alice", "online", node.Held{}, "room")}, shows([]string{"a-1"}, "room"),
			[]Difference{ghost("a-1", ""), ghost("", "room")}},
		{"hidden, she is in no roster", []node.HeldSession{hidden}, shows([]string{"a-1"}), nil},
		{"hidden, and shown", []node.HeldSession{hidden}, shows([]string{"a-1"}, "room"), []Difference{ghost("", "room")}},
	} {
		truth := truthOf(tt.held...)
		c := Compare(truth, "b", map[string]bool{"a": true, "b": true, "c": true})
		for range 2 { // a part that comes twice changes nothing
			c.Take(tt.shown)
		}
		c.End()
		if got := Sorted(c.Confirm(truth)); !slices.Equal(got, Sorted(setOf(tt.want))) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func setOf(all []Difference) map[Difference]bool {
	set := map[Difference]bool{}
	for _, d := range all {
		set[d] = true
	}
	return set
}

func TestWhatChangesMeanwhileIsNoDifference(t *testing.T) {
	known := map[string]bool{"a": true, "b": true}
	there := held("a-1", "alice", "online", socket, "room")
	came := Compare(truthOf(), "b", known)
	came.Take(shows([]string{"a-1"}, "room"))
	came.End()
	if got := came.Confirm(truthOf(there)); len(got) > 0 {
		t.Errorf("who came meanwhile is %+v", got)
	}
	went := Compare(truthOf(there), "b", known)
	went.End()
	if got := went.Confirm(truthOf()); len(got) > 0 {
		t.Errorf("who went meanwhile is %+v", got)
	}
	broke := Compare(truthOf(there), "b", known)
	broke.End()
	if got := broke.Confirm(truthOf(held("a-1", "alice", "broken", grace, "room"))); len(got) > 0 {
		t.Errorf("who lost her connection meanwhile is %+v", got)
	}
	silent := Compare(truthOf(), "b", known)
	silent.Take(shows([]string{"a-1"}, "room"))
	silent.End()
	if got := silent.Confirm(NewTruth()); len(got) > 0 {
		t.Errorf("whom a node may hold that did not answer again is %+v", got)
	}
}

func TestOnlyWhatLastsCounts(t *testing.T) {
	a, b := ghost("", "room"), missing("a-1", "")
	again := a
	again.since = 6 // she left and joined meanwhile
	all := Lasting(nil, setOf([]Difference{a, b}))
	if all = Lasting(all, setOf([]Difference{b, again})); !slices.Equal(Sorted(all), []Difference{b}) {
		t.Errorf("%+v have lasted, want %+v", all, b)
	}
	if all = Lasting(all, setOf([]Difference{a})); len(all) > 0 {
		t.Errorf("%+v have lasted", all)
	}
}

func TestKeyGoesToNoStranger(t *testing.T) {
	for _, tt := range []struct{ from, admin, want string }{
		{"http://127.0.0.1:9090", "127.0.0.1:9091", "http://127.0.0.1:9091"},
		{"http://localhost:9090", "[::1]:9091", "http://[::1]:9091"},
		{"https://10.0.0.7", "10.0.0.8:9090", "https://10.0.0.8:9090"},
		{"http://10.0.0.7:9090", "127.0.0.1:9090", ""}, // its own loopback, not ours
		{"http://10.0.0.7:9090", "localhost:9090", ""},
		{"http://10.0.0.7:9090", "", ""},
	} {
		c, err := address{&admin.Client{URL: tt.from, Key: "k"}, tt.admin}.client()
		if (err != nil) != (tt.want == "") || err == nil && (c.URL != tt.want || c.Key != "k") {
			t.Errorf("%s of %s: %+v, %v, want %q", tt.admin, tt.from, c, err, tt.want)
		}
	}
}
