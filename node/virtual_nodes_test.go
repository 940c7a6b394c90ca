package node

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

func TestEveryNodeListsAllNodesWithWhatTheyHold(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3, func(c *Config) { c.AllowAnonymous = true })
		w.open(nodes[1], "alice")
		w.open(nodes[1], "bob")
		w.openAs(nodes[1], "nobody", client.Hello{})
		w.open(nodes[2], "carol").bye()
		for _, n := range nodes {
			w.until("the sessions are known on "+n.host, time.Minute, func() bool {
				of := n.nodeInfo(nodes[1])
				return of.Sessions == 3 && of.Anonymous == 1 && of.Peak == 3
			})
			all := n.Nodes()
			if len(all) != 3 || all[0].ID != n.id.String() {
				t.Fatalf("%s lists %+v, want three nodes and itself first", n.host, all)
			}
			for _, of := range nodes {
				got := n.nodeInfo(of)
				want := NodeInfo{ID: of.id.String(), Name: of.host, Version: version(), State: "here",
					Addresses: Addresses{Listen: of.host + ":8080", Admin: of.host + ":9090", Gossip: of.host + ":7946"},
					Sessions:  got.Sessions, Anonymous: got.Anonymous, Peak: got.Peak, LastHeard: got.LastHeard, Started: of.card.Started}
				if got != want {
					t.Errorf("%s lists %+v, want %+v", n.host, got, want)
				}
				if age := time.Since(time.UnixMilli(got.LastHeard)); age < 0 || age > n.cfg.Timeout {
					t.Errorf("%s has heard of %s %v ago", n.host, of.host, age)
				}
			}
		}
	})
}

// nodeInfo returns what a node tells of another one; zero: nothing.
func (n *virtual) nodeInfo(of *virtual) NodeInfo {
	all := n.Nodes()
	if i := slices.IndexFunc(all, func(i NodeInfo) bool { return i.ID == of.id.String() }); i >= 0 {
		return all[i]
	}
	return NodeInfo{}
}

func TestANodeIsListedAsLateThenNotAtAll(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3)
		a, c := nodes[0], nodes[2]
		w.crash(c)
		w.until("c is late", time.Minute, func() bool { return a.nodeInfo(c).State == "late" })
		w.until("c is given up", time.Minute, func() bool { return a.nodeInfo(c).ID == "" })
		if all := a.Nodes(); len(all) != 2 {
			t.Errorf("a lists %+v, want two nodes", all)
		}
	})
}

func TestANodeThatDrainsIsListedAsDraining(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2, func(c *Config) { c.Drain = time.Minute })
		w.open(nodes[1], "alice")
		nodes[1].stop()
		for _, n := range nodes {
			w.until(n.host+" knows who drains", 30*time.Second, func() bool { return n.nodeInfo(nodes[1]).State == "draining" })
		}
	})
}

func TestAUserIsToldWithSessionsOfAllNodes(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		phone, desk := w.open(nodes[0], "alice"), w.open(nodes[1], "alice")
		phone.join("b")
		phone.join("a")
		desk.join("c")
		desk.state("away", time.Minute)
		phone.choose("busy", "in a meeting")
		time.Sleep(settled)
		for _, n := range nodes {
			u := n.User("alice")
			if u.User.User != "alice" || u.Status != "busy" || u.Chosen != "busy" || u.Connection != "online" || u.Text != "in a meeting" || u.Since == 0 {
				t.Errorf("%s tells of alice: %+v", n.host, u)
			}
			if !slices.Equal(u.Channels, []string{"a", "b", "c"}) {
				t.Errorf("%s tells alice to be in %q", n.host, u.Channels)
			}
			if len(u.Sessions) != 2 {
				t.Fatalf("%s tells of %d sessions, want 2", n.host, len(u.Sessions))
			}
			for _, s := range u.Sessions {
				of, tab, state, in := nodes[0], phone, "online", []string{"a", "b"}
				if s.NodeID == nodes[1].id.String() {
					of, tab, state, in = nodes[1], desk, "away", []string{"c"}
				}
				if s.ID != tab.last("welcome").Session || s.Node != of.host || s.NodeID != of.id.String() || s.State != state || !slices.Equal(s.Channels, in) {
					t.Errorf("%s tells of a session %+v", n.host, s)
				}
			}
		}
		phone.bye()
		desk.bye()
		w.until("alice is gone", time.Minute, func() bool {
			u := nodes[0].User("alice")
			return len(u.Sessions) == 0 && u.Status == "offline" && u.LastSeen != 0
		})
		want := UserDetails{User: User{User: "nobody", Status: "offline"}, Chosen: "online", Connection: "offline"}
		if got := nodes[0].User("nobody"); got.User != want.User || got.Chosen != want.Chosen || got.Connection != want.Connection || got.Sessions == nil || got.Channels == nil {
			t.Errorf("of a user who never was: %+v", got)
		}
		if us := nodes[1].Users("bob", "alice", "bob"); len(us) != 3 || us[0].User != "bob" || us[1].User != "alice" || us[1].LastSeen == 0 || us[2].User != "bob" {
			t.Errorf("users are %+v", us)
		}
	})
}

func TestAnAddressThatStandsForAllIsToldWithTheHostOfItsGossip(t *testing.T) {
	for _, tt := range []struct{ bound, gossip, want string }{
		{"127.0.0.1:8080", "10.0.0.7:7946", "127.0.0.1:8080"},
		{"0.0.0.0:8080", "10.0.0.7:7946", "10.0.0.7:8080"},
		{"[::]:8080", "[fe80::1]:7946", "[fe80::1]:8080"},
		{"[::]:8080", "", "[::]:8080"},
		{"", "10.0.0.7:7946", ""},
	} {
		if got := reachable(tt.bound, tt.gossip); got != tt.want {
			t.Errorf("%q with gossip at %q is told as %q, want %q", tt.bound, tt.gossip, got, tt.want)
		}
	}
}

func TestACardOfAnotherVersionIsReadAsFarAsItIsKnown(t *testing.T) {
	for _, tt := range []struct {
		meta string
		want card
	}{
		{``, card{}},
		{`no json`, card{}},
		{`{"v":"v1","new":[1]}`, card{Version: "v1"}},
		{`{"v":1}`, card{}},
		{`{"v":"aé"}`, card{Version: "aé"}},
	} {
		if got := readCard([]byte(tt.meta)); got != tt.want {
			t.Errorf("card %q is read as %+v, want %+v", tt.meta, got, tt.want)
		}
	}
	long := readCard([]byte(`{"v":"` + "x" + string(slices.Repeat([]byte("é"), 100)) + `"}`)).Version
	if len(long) > maxCardText || long[len(long)-2:] != "é" {
		t.Errorf("a long text is cut to %q", long)
	}
}

func TestWhereASessionComesFromIsKnownOnEveryNode(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		opened := time.Now()
		tab := w.openAs(nodes[0], "alice", client.Hello{Token: w.token("alice", 24*time.Hour), Meta: json.RawMessage(`{ "app": "chat" }`)})
		opening := time.Since(opened)
		time.Sleep(time.Minute)
		tab.state("away", 0)
		time.Sleep(settled)
		for _, n := range nodes {
			u := n.User("alice")
			if len(u.Sessions) != 1 {
				t.Fatalf("%s tells of %d sessions, want 1", n.host, len(u.Sessions))
			}
			s := u.Sessions[0]
			if s.Address != "127.0.1.1" || s.Agent != "Go-http-client/1.1" || string(s.Meta) != `{"app":"chat"}` || s.State != "away" {
				t.Errorf("%s tells of %+v", n.host, s)
			}
			if late := time.UnixMilli(s.ConnectedAt).Sub(opened); late < 0 || late > opening+time.Second {
				t.Errorf("%s tells that she connected %v after she did", n.host, late)
			}
		}
	})
}

func TestALongAgentIsCut(t *testing.T) {
	r := httptest.NewRequest("GET", "/v1/connect", nil)
	r.RemoteAddr = "[2001:db8::1%eth0]:1234"
	r.Header.Set("User-Agent", strings.Repeat("é", 200))
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	if d := comingFrom(r); d.Agent() != strings.Repeat("é", 128) || d.Address().String() != "2001:db8::1" {
		t.Errorf("coming from %v with %q", d.Address(), d.Agent())
	}
	r.RemoteAddr = "@"
	r.Header.Set("User-Agent", "x"+strings.Repeat("é", 200))
	if d := comingFrom(r); d.Agent() != "x"+strings.Repeat("é", 127) || d.Address().IsValid() {
		t.Errorf("coming from nowhere: %v with %q", d.Address(), d.Agent())
	}
}
