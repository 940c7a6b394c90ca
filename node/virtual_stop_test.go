package node

import (
	"net/http"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

func TestStoppedNodeSaysGoodbye(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(3)
		watchers := w.watchers("room", nodes[:2]...)
		stopping := nodes[2]
		moves, stays := w.open(stopping, "moves"), w.open(stopping, "stays")
		moves.join("room")
		stays.join("room")
		for _, b := range watchers {
			b.wantNews("room join of moves", "room join of stays")
		}

		stopped := time.Now()
		stopping.stop()
		moves.wantClosed(time.Second, protocol.CloseGoingAway)
		stays.wantClosed(time.Second, protocol.CloseGoingAway)
		w.wantAfter("closed", stopped, time.Now(), 0, 0)
		if status, body := stopping.get("/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("/readyz of a stopping node answers %d %s", status, body)
		}
		w.open(nodes[0], "moves").join("room")
		<-stopping.done
		w.wantAfter("Run returned", stopped, time.Now(), 0, 2*stopTime)
		stopping.wantNothingLeft(w)

		time.Sleep(time.Minute)
		for _, b := range watchers {
			left := b.wantNews("room leave of stays closed")
			w.wantAfter("leave", stopped, left[0].at, vGrace, 2*vTick)
			b.wantUsers("room", "moves")
			b.wantSound()
		}
	})
}

// Clients that take no notice must not keep a node from ending.
func TestStopWaitsForNoClientForLong(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		n := w.cluster(1)[0]
		w.dial(n, "says nothing")
		stalled := w.open(n, "reads nothing")
		stalled.join("room")
		w.net.Cut(n.host+":8080", "127.0.1.1:1")
		stopped := time.Now()
		n.stop()
		<-n.done
		w.wantAfter("Run returned", stopped, time.Now(), 0, 2*stopTime)
		n.wantNothingLeft(w)
		w.net.Heal(n.host+":8080", "127.0.1.1:1")
	})
}

// Three nodes are restarted one after another, as for an upgrade, and their clients come
// back to others: nobody sees anything.
func TestRollingRestartIsUnseen(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		w.cluster(3)
		users := []string{"alice", "bob", "carol"}
		tabs := make([]*tab, len(users))
		for i, user := range users {
			tabs[i] = w.open(w.nodes[i], user)
			tabs[i].join("room")
		}
		for i := range users {
			fresh := w.start()
			<-fresh.ready
			watcher := w.watchers("room", fresh)[0]
			watcher.wantUsers("room", users...) // no empty room on a fresh node
			w.nodes[i].stop()
			tabs[i].wantClosed(time.Second, protocol.CloseGoingAway)
			time.Sleep(time.Duration(w.rng.Int64N(int64(vGrace - vTick))))
			tabs[i] = w.open(fresh, users[i])
			tabs[i].join("room")
			time.Sleep(time.Minute)
			watcher.wantNews()
			watcher.wantUsers("room", users...)
			watcher.wantSound()
		}
	})
}
