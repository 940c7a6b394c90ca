package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// inRights runs a test on three nodes, with a watcher of both rooms on each and alice in
// both on the first.
func inRights(t *testing.T, seed uint64, test func(w *world, alice *tab, watchers []*tab)) {
	t.Helper()
	inWorld(t, seed, func(w *world) {
		nodes := w.cluster(3, func(c *Config) { c.PublicChannels = nil })
		watchers := w.watchers("kept", nodes...)
		for _, b := range watchers {
			b.watch("lost")
		}
		alice := w.open(nodes[0], "alice")
		alice.join("kept")
		alice.join("lost")
		for _, b := range watchers {
			b.wantNews("kept join of alice", "lost join of alice")
		}
		test(w, alice, watchers)
		for _, b := range watchers {
			b.wantSound()
		}
		alice.wantSound()
	})
}

// wantNewsOf demands the same news of all, who must have had them within a moment.
func (w *world) wantNewsOf(watchers []*tab, since time.Time, want ...string) {
	w.Helper()
	for _, b := range watchers {
		for _, n := range b.wantNews(want...) {
			w.wantAfter(fmt.Sprintf("%s is told of %v", b.user, n), since, n.at, 0, settled)
		}
	}
}

func TestLostRightsAreSeenOnAllNodes(t *testing.T) {
	inRights(t, 1, func(w *world, alice *tab, watchers []*tab) {
		at := time.Now()
		alice.do(client.Request{Type: "token", Token: w.token("alice", time.Hour, "kept")})
		w.wantNewsOf(watchers, at, "lost leave of alice left")
		if ended := alice.last("ended"); ended == nil || ended.Channel != "lost" || ended.Code != string(protocol.Forbidden) {
			t.Errorf("alice is told %+v, want that lost has ended", ended)
		}
		alice.do(client.Request{Type: "token", Token: w.token("alice", time.Hour)}) // and given back
		w.wantNewsOf(watchers, at)
		at = time.Now()
		alice.join("lost")
		w.wantNewsOf(watchers, at, "lost join of alice")
	})
}

func TestLostRightsOfOneTabAreNoLeave(t *testing.T) {
	inRights(t, 2, func(w *world, alice *tab, watchers []*tab) {
		w.open(w.nodes[2], "alice").join("lost")
		alice.do(client.Request{Type: "token", Token: w.token("alice", time.Hour, "kept")})
		w.wantNewsOf(watchers, time.Now())
	})
}

func TestSwapIsALogoutAndAJoinOnAllNodes(t *testing.T) {
	inRights(t, 3, func(w *world, alice *tab, watchers []*tab) {
		diffs := len(watchers[2].all("diff"))
		at := time.Now()
		alice.do(client.Request{Type: "token", Token: w.token("bob", time.Hour, "kept")})
		w.wantNewsOf(watchers, at, "kept leave of alice logout", "kept join of bob", "lost leave of alice logout")
		if n := len(watchers[2].all("diff")) - diffs; n != 2 {
			t.Errorf("on another node it took %d diffs, want one for each channel: never both of them there, never neither", n)
		}
		alice.cut()
		at = time.Now().Add(vGrace)
		time.Sleep(vGrace + vSweep)
		for _, b := range watchers {
			w.wantAfter("leave", at, b.wantNews("kept leave of bob closed")[0].at, 0, vSweep)
		}
		for _, n := range w.nodes {
			n.mu.Lock()
			for s := range n.core.View.Sessions() {
				if s.User == "alice" || s.User == "bob" {
					t.Errorf("node %s still holds a session of %s", n.host, s.User)
				}
			}
			n.mu.Unlock()
		}
	})
}

func TestLogoutOfOneTabIsNoLeave(t *testing.T) {
	inRights(t, 4, func(w *world, alice *tab, watchers []*tab) {
		other := w.open(w.nodes[1], "alice")
		other.join("kept")
		at := time.Now()
		alice.do(client.Request{Type: "logout"})
		alice.wantClosed(time.Second, protocol.CloseNormal)
		w.wantNewsOf(watchers, at, "lost leave of alice logout")
		at = time.Now()
		other.do(client.Request{Type: "logout"})
		w.wantNewsOf(watchers, at, "kept leave of alice logout")
	})
}

func TestOnlyTheLastTokenToExpireIsALeave(t *testing.T) {
	inRights(t, 5, func(w *world, alice *tab, watchers []*tab) {
		alice.do(client.Request{Type: "token", Token: w.token("alice", time.Minute)})
		first := time.Now().Truncate(time.Millisecond)
		other := w.openAs(w.nodes[1], "alice", client.Hello{Token: w.token("alice", 2*time.Minute)})
		other.join("kept")
		alice.wantClosed(2*time.Minute, protocol.CloseUnauthorized)
		at := time.Now()
		w.wantAfter("the first tab is closed", first, at, time.Minute+auth.DefaultLeeway, vSweep)
		w.wantNewsOf(watchers, at, "lost leave of alice expired")
		other.wantClosed(2*time.Minute, protocol.CloseUnauthorized)
		w.wantNewsOf(watchers, time.Now(), "kept leave of alice expired")
	})
}

// A token is good until exp plus leeway, for coming and for staying.
func TestTokenIsGoodToTheLastMoment(t *testing.T) {
	inRights(t, 6, func(w *world, alice *tab, watchers []*tab) {
		const life = time.Minute
		alice.do(client.Request{Type: "token", Token: w.token("alice", life)})
		shown := time.Now().Truncate(time.Millisecond) // exp has whole milliseconds
		stale := w.token("alice", life-time.Second)
		time.Sleep(time.Until(shown.Add(life + auth.DefaultLeeway - time.Second - 2*time.Millisecond)))
		alice.do(client.Request{Type: "token", Token: stale}) // two milliseconds before its end
		time.Sleep(10 * time.Millisecond)
		late := w.dial(w.nodes[1], "alice")
		late.hello(client.Hello{Token: stale})
		late.wantClosed(time.Second, protocol.CloseUnauthorized)
		if e := late.last("error"); e == nil || e.Code != string(protocol.Expired) {
			t.Errorf("a token that is over is answered %+v, want expired", e)
		}
		alice.wantClosed(vSweep, protocol.CloseUnauthorized)
		w.wantNewsOf(watchers, time.Now(), "kept leave of alice expired", "lost leave of alice expired")
	})
}

func TestTokenRenewedWithinTheLeewayKeepsEverything(t *testing.T) {
	inRights(t, 7, func(w *world, alice *tab, watchers []*tab) {
		alice.do(client.Request{Type: "token", Token: w.token("alice", time.Minute)})
		time.Sleep(time.Minute + auth.DefaultLeeway - 2*time.Second)
		over := w.token("alice", -auth.DefaultLeeway)
		if answer := alice.ask(client.Request{Type: "token", Token: over}); len(answer) == 1 {
			time.Sleep(settled)
			if a := alice.answer(answer[0]); a == nil || a.Code != string(protocol.Expired) {
				t.Errorf("a token that is over is answered %+v, want expired", a)
			}
		}
		alice.do(client.Request{Type: "token", Token: w.token("alice", time.Hour)})
		time.Sleep(10 * time.Minute)
		w.wantNewsOf(watchers, time.Now())
		if n := len(alice.all("expiring")); n != 1 {
			t.Errorf("%d warnings, want the one of the token that was over", n)
		}
	})
}
