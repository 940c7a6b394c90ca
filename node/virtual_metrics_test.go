package node

import (
	"math"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

const (
	fanoutSum   = "rollcall_node_fanout_seconds_sum"
	fanoutCount = "rollcall_node_fanout_seconds_count"
)

func TestTimeToTheLastFollowerIsMeasuredOncePerDiff(t *testing.T) {
	inWorld(t, 7, func(w *world) {
		nodes := w.cluster(2)
		for _, n := range nodes {
			w.watchers("room", n, n, n)
		}
		bob := w.open(nodes[0], "bob")
		time.Sleep(time.Second)
		bob.send(client.Request{Type: "join", Channel: "room"})
		time.Sleep(time.Millisecond)
		bob.send(client.Request{Type: "update", Channel: "room", Data: []byte(`{"x":1}`)})
		time.Sleep(5 * time.Millisecond)
		bob.send(client.Request{Type: "update", Channel: "room", Data: []byte(`{"x":2}`)})
		time.Sleep(time.Second)
		for _, n := range nodes { // the join at once, the older update after the rest of a batch
			if got := n.series(t, fanoutCount); got != 2 {
				t.Errorf("%s: %v diffs were measured, want 2", n.host, got)
			}
			if got := n.series(t, fanoutSum); got < (batch-2*time.Millisecond).Seconds() || got > batch.Seconds() {
				t.Errorf("%s: they took %v s, want 0 and about %v", n.host, got, batch-time.Millisecond)
			}
			if got := n.series(t, "rollcall_node_waiting_jobs"); got != 0 {
				t.Errorf("%s: %v jobs are said to wait", n.host, got)
			}
		}
	})
}

func TestTimeToTheLastFollowerOfAUserIsMeasuredToo(t *testing.T) {
	inWorld(t, 13, func(w *world) {
		nodes := w.cluster(2)
		bob := w.open(nodes[0], "bob")
		for _, n := range nodes {
			for _, who := range []string{"alice", "carol"} {
				w.open(n, who).do(client.Request{Type: "follow", Users: []string{"bob"}})
			}
		}
		time.Sleep(time.Second)
		bob.do(client.Request{Type: "status", Status: "busy"})
		time.Sleep(5 * time.Millisecond)
		bob.do(client.Request{Type: "status", Status: "away"})
		time.Sleep(time.Second)
		for _, n := range nodes {
			if got := n.series(t, fanoutCount); got != 2 {
				t.Errorf("%s: %v changes were measured, want 2", n.host, got)
			}
			if got := n.series(t, fanoutSum); got < batch.Seconds()/2 || got > batch.Seconds() {
				t.Errorf("%s: they took %v s, want 0 and the rest of a batch", n.host, got)
			}
		}
	})
}

func TestJoinsAndLeavesAreCountedOnEveryNode(t *testing.T) {
	inWorld(t, 8, func(w *world) {
		nodes := w.cluster(2)
		bob, carol := w.open(nodes[0], "bob"), w.open(nodes[1], "carol")
		bob.join("room")
		carol.join("room")
		time.Sleep(time.Second)
		bob.send(client.Request{Type: "leave", Channel: "room"})
		carol.cut()
		time.Sleep(time.Minute)
		third := w.start()
		w.until("it is ready", time.Minute, third.Ready)
		for _, n := range nodes {
			for series, want := range map[string]float64{
				"rollcall_view_joins_total":                   2,
				`rollcall_view_leaves_total{reason="left"}`:   1,
				`rollcall_view_leaves_total{reason="closed"}`: 1,
				`rollcall_view_leaves_total{reason="kicked"}`: 0,
				`rollcall_gossip_peers{state="here"}`:         2,
				"rollcall_gossip_nodes":                       3,
				"rollcall_node_ready":                         1,
			} {
				if got := n.series(t, series); got != want {
					t.Errorf("%s: %s is %v, want %v", n.host, series, got, want)
				}
			}
			if got := n.series(t, "rollcall_gossip_reads_total"); got < 3 {
				t.Errorf("%s: %v reads of peers' tables, want at least the join, the leave and the first of the third node", n.host, got)
			}
		}
	})
}

func TestNodeThatLearnsTheClusterCountsNoJoins(t *testing.T) {
	inWorld(t, 9, func(w *world) {
		w.open(w.cluster(1)[0], "bob").join("room")
		late := w.start()
		w.until("it is ready", time.Minute, late.Ready)
		time.Sleep(time.Minute)
		if members, joins := late.series(t, "rollcall_view_members"), late.series(t, "rollcall_view_joins_total"); members != 1 || joins != 0 {
			t.Errorf("%v members and %v joins, want 1 and 0", members, joins)
		}
	})
}

func TestRefusedTokensAreCountedByReason(t *testing.T) {
	inWorld(t, 10, func(w *world) {
		n := w.cluster(1)[0]
		for _, token := range []string{"no JWT", w.token("bob", -time.Hour), ""} {
			b := w.dial(n, "bob")
			b.hello(client.Hello{Token: token})
			b.wantClosed(time.Minute, protocol.CloseUnauthorized)
		}
		for _, reason := range []string{"malformed", "expired", "no_token"} {
			if got := n.series(t, `rollcall_node_tokens_refused_total{reason="`+reason+`"}`); got != 1 {
				t.Errorf("%v tokens refused as %s, want 1", got, reason)
			}
		}
		if got := n.series(t, `rollcall_node_refused_total{code="unauthorized"}`); got != 2 {
			t.Errorf("%v requests refused as unauthorized, want 2", got)
		}
	})
}

func TestTicksThatComeLateAreMeasured(t *testing.T) {
	inWorld(t, 11, func(w *world) {
		n := w.cluster(1)[0]
		late := func() float64 { // by more than a second
			return n.series(t, "rollcall_node_tick_delay_seconds_count") - n.series(t, `rollcall_node_tick_delay_seconds_bucket{le="1"}`)
		}
		before := n.series(t, "rollcall_node_tick_delay_seconds_count")
		time.Sleep(time.Minute)
		if ticks := n.series(t, "rollcall_node_tick_delay_seconds_count") - before; math.Abs(ticks-float64(time.Minute/n.tick())) > 1 || late() != 0 {
			t.Errorf("%v ticks were measured in a minute, %v of them late; want about one each %v, and none", ticks, late(), n.tick())
		}
		thaw := n.Freeze()
		time.Sleep(3 * time.Second)
		thaw()
		time.Sleep(time.Second)
		if late() == 0 {
			t.Error("no tick was late although the node stood still")
		}
	})
}

func TestSilenceOfALostPeerIsCountedNoMore(t *testing.T) {
	inWorld(t, 12, func(w *world) {
		nodes := w.cluster(2)
		const silence = "rollcall_gossip_longest_silence_seconds"
		w.crash(nodes[1])
		w.until("its silence is told", time.Minute, func() bool {
			time.Sleep(vTick) // a scrape costs a millisecond
			return nodes[0].series(t, silence) > vInterval.Seconds()
		})
		time.Sleep(time.Minute)
		if got := nodes[0].series(t, silence); got != 0 {
			t.Errorf("the lost peer is said to be silent for %v s, want 0", got)
		}
		for state, want := range map[string]float64{"here": 0, "late": 0, "lost": 1, "left": 0} {
			if got := nodes[0].series(t, `rollcall_gossip_peers{state="`+state+`"}`); got != want {
				t.Errorf("%v peers are %s, want %v", got, state, want)
			}
		}
		if nodes[0].series(t, "rollcall_gossip_nodes") != 1 || nodes[0].series(t, "rollcall_gossip_lost_total") != 1 {
			t.Error("the lost peer is counted as living, or not as lost")
		}
	})
}
