package node

import (
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// heldBy is an answer of sessions.
type heldBy struct {
	Node, NodeID string
	Sessions     []HeldSession
	Next         string
}

// near fails the test unless a date is as far from now as wanted, but for the pace of ticks.
func (w *world) near(what string, date int64, want time.Duration) {
	w.Helper()
	if got := time.Until(time.UnixMilli(date)); got < want-time.Second || got > want+time.Second {
		w.Errorf("%s is in %v, want %v", what, got, want)
	}
}

func TestEveryNodeKnowsWhyAliceIsOnline(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3)
		for i, n := range nodes[:2] {
			w.openAs(n, "alice", client.Hello{Token: w.token("alice", time.Duration(i+1)*time.Hour)}).join("room")
		}
		gone := w.open(nodes[1], "alice")
		gone.join("other")
		time.Sleep(settled)
		gone.cut()
		time.Sleep(time.Second)
		for _, n := range nodes {
			var y why
			w.read(n, "/v1/users/alice/why", &y)
			if y.User.User != "alice" || y.Status != "online" || len(y.Sessions) != 3 || !slices.Equal(y.Channels, []string{"other", "room"}) {
				t.Fatalf("%s says %+v", n.host, y)
			}
			for _, s := range y.Sessions {
				switch h := s.Held; {
				case h == nil || s.Unknown != "" || s.Hidden || s.User != "alice":
					t.Errorf("%s does not know of %+v", n.host, s)
				case s.State == "broken":
					if h.Socket || h.LastFrame != 0 || h.TokenUntil != 0 || s.Node != nodes[1].host {
						t.Errorf("%s says of the one in grace %+v", n.host, h)
					}
					w.near("the end of the grace", h.GraceUntil, 2*time.Second)
					if !slices.Equal(s.Ends, []End{{"closed", h.GraceUntil}}) {
						t.Errorf("%s says that it would end by %+v", n.host, s.Ends)
					}
				default:
					if !h.Socket || h.GraceUntil != 0 {
						t.Errorf("%s says of a live one %+v", n.host, h)
					}
					life := time.Hour
					if s.Node == nodes[1].host {
						life = 2 * time.Hour
					}
					w.near("the end of the token", h.TokenUntil, life+n.cfg.Auth.Leeway-2*time.Second)
					if age := time.Since(time.UnixMilli(h.LastFrame)); age < 0 || age > n.cfg.Interval+2*time.Second {
						t.Errorf("%s says that the last frame came %v ago", n.host, age)
					}
				}
			}
			if l := y.Leaves; l == nil || l.Reason != "timeout" || l.At <= time.Now().UnixMilli() {
				t.Errorf("%s says that she would leave by %+v", n.host, l)
			}
		}
		var y why
		if w.read(nodes[0], "/v1/users/nobody/why", &y); y.Status != "offline" || y.Sessions == nil || len(y.Sessions) != 0 {
			t.Errorf("why nobody is there: %+v", y)
		}
	})
}

func TestWhatASilentNodeDoesNotTellIsSaidToBeUnknown(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		d := &described{world: w}
		a, b, _ := d.patient()
		w.open(a, "alice")
		defer b.Freeze()()
		var y why
		w.read(a, "/v1/users/alice/why", &y)
		if len(y.Sessions) != 2 {
			t.Fatalf("alice is %+v", y)
		}
		for _, s := range y.Sessions {
			if own := s.NodeID == a.id.String(); own != (s.Held != nil) || own != (s.Unknown == "") {
				t.Errorf("of a session on %s: %+v, unknown %q", s.Node, s.Held, s.Unknown)
			}
		}
		var all struct {
			Nodes []nodeAnswer
			pacing
		}
		w.read(a, "/v1/nodes?ask=true", &all)
		if len(all.Nodes) != 2 || all.Nodes[0].Says == nil || all.Nodes[1].Says != nil || all.Nodes[1].Unknown != ErrNoAnswer.Error() {
			t.Errorf("the nodes say %+v", all)
		}
		if want := (pacing{10_000, 13_000, 3_000}); all.pacing != want {
			t.Errorf("the pace is %+v, want %+v", all.pacing, want)
		}
	})
}

func TestEveryNodeSaysHowItSeesTheOthers(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3, func(c *Config) { c.AllowAnonymous = true })
		w.open(nodes[1], "alice")
		w.openAs(nodes[1], "nobody", client.Hello{})
		var all struct {
			Nodes []nodeAnswer
			pacing
		}
		w.until("what they hold is said", time.Minute, func() bool {
			w.read(nodes[0], "/v1/nodes?ask=true", &all)
			return len(all.Nodes) == 3 && all.Nodes[1].Says != nil && all.Nodes[1].Says.Sessions == 2
		})
		for i, n := range all.Nodes {
			if n.Says == nil || n.Unknown != "" || len(n.Says.Sees) != 2 || n.ID != nodes[i].id.String() || n.Says.Sees[0].State != "here" {
				t.Errorf("%s says %+v", n.Name, n.Says)
			}
		}
		if got := all.Nodes[1].Says; got.Anonymous != 1 {
			t.Errorf("it says that %d are anonymous, want 1", got.Anonymous)
		}
		all.Nodes = nil
		if w.read(nodes[0], "/v1/nodes", &all); all.Nodes[1].Says != nil || all.Nodes[1].Unknown != "" {
			t.Errorf("unasked it says %+v", all.Nodes[1])
		}

		w.crash(nodes[2])
		w.until("both others find it late", time.Minute, func() bool {
			return nodes[0].nodeInfo(nodes[2]).State == "late" && nodes[1].nodeInfo(nodes[2]).State == "late"
		})
		all.Nodes = nil
		w.read(nodes[0], "/v1/nodes?ask=true", &all)
		if says := all.Nodes[1].Says; says == nil || !slices.Contains(says.Sees, Belief{nodes[2].id.String(), nodes[2].host, "late"}) {
			t.Errorf("of a late node the other says %+v", says)
		}
	})
}

func TestHeldSessionsAreThoseOfThisNodeAloneInPages(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2, func(c *Config) { c.AllowAnonymous = true })
		for _, user := range []string{"alice", "bob", "carol"} {
			w.open(nodes[0], user).join("room")
		}
		w.openAs(nodes[0], "nobody", client.Hello{}).watch("room")
		w.open(nodes[0], "dave").do(client.Request{Type: "status", Status: "offline"})
		gone := w.open(nodes[0], "erin")
		gone.join("other")
		w.open(nodes[1], "frank").join("room")
		time.Sleep(settled)
		gone.cut()
		time.Sleep(time.Second)
		var got []HeldSession
		pages := 0
		for after := "-"; after != ""; pages++ {
			var p heldBy
			path := "/v1/sessions?limit=4"
			if after != "-" {
				path += "&after=" + after
			}
			w.read(nodes[0], path, &p)
			if p.Node != nodes[0].host || p.NodeID != nodes[0].id.String() {
				t.Errorf("they are said to be of %s %s", p.Node, p.NodeID)
			}
			got, after = append(got, p.Sessions...), p.Next
		}
		if len(got) != 6 || pages != 2 {
			t.Fatalf("%d sessions on %d pages, want 6 on 2: %+v", len(got), pages, got)
		}
		for i, want := range []struct {
			user, state, channel string
			socket, hidden       bool
		}{
			{"alice", "online", "room", true, false}, {"bob", "online", "room", true, false}, {"carol", "online", "room", true, false},
			{"", "online", "", true, false}, {"dave", "online", "", true, true}, {"erin", "broken", "other", false, false},
		} {
			s := got[i]
			channel := ""
			if len(s.Channels) > 0 {
				channel = s.Channels[0]
			}
			if s.User != want.user || s.State != want.state || channel != want.channel || s.Held.Socket != want.socket || s.Hidden != want.hidden || s.ConnectedAt == 0 {
				t.Errorf("session %d is %+v, %+v, want %+v", i, s, s.Held, want)
			}
		}
		var other heldBy
		if w.read(nodes[1], "/v1/sessions", &other); len(other.Sessions) != 1 || other.Sessions[0].User != "frank" || other.Next != "" {
			t.Errorf("the other holds %+v", other)
		}
		w.api(nodes[1], "GET", "/v1/sessions?after="+got[0].ID, "").wantRefused(w, 400, "bad_request", "this node")
	})
}

func TestHeldSessionsAreThoseOfSocketsAndNotOfTheView(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		w.open(n, "alice").join("room")
		w.open(n, "bob").join("room")
		n.step(func(now time.Time) { // as if the view had lost alice, and kept one whom nobody holds
			n.core.View.Leave(n.core.Now(now), n.core.View.OwnSessions("alice")[0], "room", 1)
			for _, id := range n.core.View.OwnSessions("bob") {
				n.release(n.sessions[id])
			}
		})
		var p heldBy
		w.read(n, "/v1/sessions", &p)
		if len(p.Sessions) != 2 || !slices.Equal(p.Sessions[0].Channels, []string{"room"}) || p.Sessions[1].Held.Socket || p.Sessions[1].Held.GraceUntil != 0 {
			t.Errorf("held are %+v", p.Sessions)
		}
	})
}

func TestLargestChannelsComeFirst(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		for i, user := range []string{"alice", "bob", "carol"} {
			tab := w.open(n, user)
			for _, room := range []string{"room.a", "room.b", "room.c", "x"}[i:] {
				tab.join(room)
			}
		}
		var p onePage
		w.read(n, "/v1/channels?sort=users&limit=2&prefix=room.", &p)
		if want := []Channel{{"room.c", 3, 3}, {"room.b", 2, 2}}; !slices.Equal(p.Channels, want) || p.Next != "" {
			t.Errorf("the largest are %+v, want %+v", p, want)
		}
		w.api(n, "GET", "/v1/channels?sort=users&after=a", "").wantRefused(w, 400, "bad_request", "sort=name")
		w.api(n, "GET", "/v1/channels?sort=size", "").wantRefused(w, 400, "bad_request", "name or users")
	})
}
