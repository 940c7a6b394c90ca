package node

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// watchers opens a client on each of these nodes that watches a channel.
func (w *world) watchers(channel string, nodes ...*virtual) (all []*tab) {
	w.Helper()
	for _, n := range nodes {
		b := w.open(n, "watcher-"+n.host)
		b.watch(channel)
		all = append(all, b)
	}
	return all
}

func TestCrashIsSeenOnceEverywhere(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(5)
		watchers := w.watchers("room", nodes[:4]...)
		for _, b := range watchers {
			b.seen()
		}
		both := w.open(nodes[0], "both")
		both.join("room")
		crashed := nodes[4]
		for _, user := range []string{"alice", "bob", "both", "quick"} {
			w.open(crashed, user).join("room")
		}
		for _, b := range watchers {
			b.wantNews("room join of alice", "room join of bob", "room join of both", "room join of quick")
		}
		time.Sleep(time.Duration(w.rng.Int64N(int64(vInterval))))

		at := time.Now()
		w.crash(crashed)
		time.Sleep(5 * time.Second)
		w.open(nodes[1], "quick").join("room") // back elsewhere before anybody knew
		time.Sleep(time.Minute)
		for _, b := range watchers {
			left := b.wantNews("room leave of alice node_lost", "room leave of bob node_lost")
			for _, l := range left {
				// Its last beat was an interval before the crash, or later.
				w.wantAfter("leave", at, l.at, vTimeout-vInterval, vInterval+500*time.Millisecond)
				if l.at != left[0].at {
					t.Errorf("%s was told of the members of one node in two steps: %v", b.user, left)
				}
			}
			b.wantUsers("room", "both", "quick")
			b.wantSound()
		}
	})
}

func TestHealedSplitBringsUsersBack(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		nodes := w.cluster(4)
		here, there := nodes[:2], nodes[2:]
		all := w.watchers("room", nodes...)
		for i, n := range nodes {
			w.open(n, fmt.Sprint("user-", i)).join("room")
		}
		for _, b := range all {
			b.wantNews("room join of user-0", "room join of user-1", "room join of user-2", "room join of user-3")
		}
		split := func(change func(from, to string)) {
			for _, a := range here {
				for _, b := range there {
					w.between(a, b, change)
				}
			}
		}
		split(w.net.Cut)
		time.Sleep(2 * time.Minute) // memberlist has forgotten the others
		for i, b := range all {
			other := 2 - i/2*2 // the first user of the other half
			b.wantNews(fmt.Sprintf("room leave of user-%d node_lost", other), fmt.Sprintf("room leave of user-%d node_lost", other+1))
		}
		split(w.net.Heal)
		time.Sleep(time.Minute)
		for i, b := range all {
			other := 2 - i/2*2
			b.wantNews(fmt.Sprintf("room join of user-%d", other), fmt.Sprintf("room join of user-%d", other+1))
			b.wantUsers("room", "user-0", "user-1", "user-2", "user-3")
			b.wantSound()
		}
	})
}

// What goes one way only is read the other way, or through the third node.
func TestOneWayCutMakesNoEvent(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		nodes := w.cluster(3)
		a, b := nodes[1], nodes[2]
		watchers := w.watchers("room", nodes...)
		w.open(a, "alice").join("room")
		w.open(b, "bob").join("room")
		for _, b := range watchers {
			b.wantNews("room join of alice", "room join of bob")
		}
		w.net.Cut(a.host+":7946", b.host+":7946")
		time.Sleep(10 * time.Minute)
		for _, b := range watchers {
			b.wantNews()
		}
		w.open(a, "carol").join("room")
		w.open(b, "dave").join("room")
		// That the stream is dead shows when a ping tells of news that did not come.
		time.Sleep(2 * vInterval)
		for _, b := range watchers {
			b.wantNews("room join of carol", "room join of dave")
		}
		w.open(a, "erin").join("room")
		for _, b := range watchers {
			b.wantNews("room join of erin")
		}
		w.net.Heal(a.host+":7946", b.host+":7946")
		time.Sleep(10 * time.Minute)
		for _, b := range watchers {
			b.wantNews()
			b.wantUsers("room", "alice", "bob", "carol", "dave", "erin")
			b.wantSound()
		}
	})
}

// A cut that is over before anybody is given up is no event, and what happened
// meanwhile is told.
func TestShortSplitMakesNoEvent(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		nodes := w.cluster(2)
		watchers := w.watchers("room", nodes...)
		alice := w.open(nodes[0], "alice")
		alice.join("room")
		watchers[1].wantNews("room join of alice")
		for range 20 {
			time.Sleep(time.Duration(w.rng.Int64N(int64(time.Minute))))
			w.between(nodes[0], nodes[1], w.net.Cut)
			bob := w.open(nodes[0], "bob")
			bob.join("room")
			time.Sleep(vTimeout - vInterval - 500*time.Millisecond)
			synctest.Wait()
			w.between(nodes[0], nodes[1], w.net.Heal)
			watchers[1].wantNews("room join of bob")
			bob.bye()
			watchers[1].wantNews("room leave of bob left")
		}
	})
}
