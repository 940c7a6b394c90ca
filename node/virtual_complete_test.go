package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// wantComplete waits until a follower's last roster says that it is complete, or not.
func (b *tab) wantComplete(bound time.Duration, want bool) *heard {
	b.w.Helper()
	var r *heard
	b.w.until(fmt.Sprintf("%s has a roster that is complete: %v", b.user, want), bound, func() bool {
		r = b.last("roster")
		return r != nil && (r.Complete == nil) == want
	})
	return r
}

func (n *virtual) incomplete() (uint64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stats.Incomplete, n.missing
}

func TestSilentPeerMakesRostersIncomplete(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3)
		watcher := w.watchers("room", nodes[0])[0]
		counter := w.open(nodes[0], "counter")
		counter.do(client.Request{Type: "watch", Channel: "room", Mode: "count"})
		w.open(nodes[2], "alice").join("room")
		w.open(nodes[1], "bob").join("room")
		watcher.wantNews("room join of alice", "room join of bob")

		at := time.Now()
		w.crash(nodes[2])
		told := watcher.wantComplete(vTimeout, false)
		w.wantAfter("incomplete roster", at, told.at, vTimeout-vInterval-time.Second, (vInterval+vTimeout)/2+500*time.Millisecond)
		if told.ID != 0 || len(told.Members) != 2 || told.Count != 2 {
			t.Errorf("told %d members of %d as answer %d, want both, unasked", len(told.Members), told.Count, told.ID)
		}
		counter.wantComplete(time.Second, false)
		late := w.watchers("room", nodes[0])[0]
		late.wantComplete(time.Second, false)
		watcher.wantNews()

		watcher.wantComplete(vTimeout, true) // one of two peers is lost: most are there
		watcher.wantNews("room leave of alice node_lost")
		late.wantComplete(time.Second, true)
		counter.wantComplete(time.Second, true)
		if times, _ := nodes[0].incomplete(); times != 1 {
			t.Errorf("rosters were incomplete %d times, want once", times)
		}
		watcher.wantSound()
	})
}

func TestNodeThatIsCutOffSaysThatItKnowsLess(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		nodes := w.cluster(3)
		watcher, most := w.watchers("room", nodes[0])[0], w.watchers("room", nodes[1])[0]
		for i, n := range nodes {
			w.open(n, fmt.Sprint("user-", i)).join("room")
		}
		watcher.wantNews("room join of user-0", "room join of user-1", "room join of user-2")
		w.between(nodes[0], nodes[1], w.net.Cut)
		w.between(nodes[0], nodes[2], w.net.Cut)
		time.Sleep(time.Minute)
		watcher.wantNews("room leave of user-1 node_lost", "room leave of user-2 node_lost")
		watcher.wantComplete(0, false) // it may be this node that is cut off
		most.wantComplete(0, true)
		w.between(nodes[0], nodes[1], w.net.Heal)
		w.between(nodes[0], nodes[2], w.net.Heal)
		watcher.wantComplete(time.Minute, true)
		watcher.wantNews("room join of user-1", "room join of user-2")
		watcher.wantUsers("room", "user-0", "user-1", "user-2")
		watcher.wantSound()
	})
}

func TestLastNodeIsSureAgainWhenTheOthersAreForgotten(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		nodes := w.cluster(2)
		watcher := w.watchers("room", nodes[0])[0]
		w.crash(nodes[1])
		watcher.wantComplete(vTimeout, false)
		time.Sleep(4 * time.Minute)
		watcher.wantComplete(0, false)
		watcher.wantComplete(2*time.Minute, true)
	})
}

// Channels are told in turn, so that no step takes long.
func TestManyChannelsAreToldTickByTick(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.MaxChannels, c.Rate = 10_000, Rate{PerSecond: 10_000, Burst: 10_000} })[0]
		b := w.open(n, "watcher")
		const many = 3000
		for i := range many {
			b.watch(fmt.Sprint("room-", i))
		}
		n.step(func(time.Time) {
			n.missing = true
			for _, f := range n.fans {
				n.unsure = append(n.unsure, f)
			}
			n.tellKnowledge()
			if told := many - len(n.unsure); told < tellAtOnce/(tellEach+1) || told > tellAtOnce/(tellEach+1)+1 {
				t.Errorf("one tick tells %d of %d channels", told, many)
			}
		})
	})
}
