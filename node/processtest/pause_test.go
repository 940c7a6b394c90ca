//go:build unix

package processtest

import (
	"slices"
	"syscall"
	"testing"
)

// populate opens tabs of users on every node and watches on every node.
func (c *cluster) populate(channel string, onEach int) (all watchers, tabs map[*process][]*tab, everybody []string) {
	c.t.Helper()
	all = c.watchAll(c.nodes, channel)
	tabs = map[*process][]*tab{}
	for _, p := range c.nodes {
		tabs[p] = c.tabs(onEach, p, "user-"+p.name, channel)
		everybody = append(everybody, users(tabs[p])...)
	}
	all.awaitRoster(c.t, everybody)
	all.mark(c, c.nodes)
	for _, w := range all {
		w.flush()
	}
	return all, tabs, everybody
}

func TestAPauseShorterThanTimeoutLessIntervalIsNoEvent(t *testing.T) {
	t.Parallel()
	p := fast
	c := newCluster(t, 3, p)
	all, _, everybody := c.populate("room", 10)
	for range 5 { // each time at another moment between two pings
		if took := c.nodes[1].pause(p.interval * 6 / 10); took >= p.timeout-p.interval {
			t.Skipf("THIS MACHINE IS TOO BUSY to show it: a pause of %v lasted %v", p.interval*6/10, took)
		}
		all.nothingHappened(c, c.nodes)
	}
	all.nothingHappensWithin(c, c.nodes, p.overAll())
	all.awaitRoster(t, everybody)
}

func TestAfterALongPauseUsersAreBackAndThePausedNodeAnnouncesNoLeave(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, fast)
	all, tabs, everybody := c.populate("room", 10)
	paused, others := c.nodes[1], watchers{all[0], all[2]}
	gone := users(tabs[paused])

	for round := range 2 {
		at := paused.signal(syscall.SIGSTOP)
		others.awaitEach(t, "leave", gone)
		for _, w := range others {
			_, latest := nodeLost(t, w, gone, at)
			t.Logf("round %d, %s: gone %v after the pause began", round, w.name, latest)
		}
		paused.signal(syscall.SIGCONT)
		others.awaitEach(t, "join", gone)
		for _, w := range others {
			back(t, w, gone)
		}
		// Also when the grace is over that the sockets had in doubt.
		all.nothingHappened(c, c.nodes)
		all.nothingHappensWithin(c, c.nodes, c.pace.overAll())
		all.awaitRoster(t, everybody)
	}
	for _, tab := range tabs[paused] {
		if tab.Err() != nil {
			t.Errorf("the socket of %s on the paused node ended: %v", tab.user, tab.Err())
		}
	}
}

// back demands that a watcher has had exactly a join of each of the users.
func back(t *testing.T, w *watcher, users []string) {
	t.Helper()
	joined := []string{}
	for _, e := range w.flush() {
		if e.kind != "join" {
			t.Errorf("%s had event %q, want only joins", w.name, e)
		}
		joined = append(joined, e.user)
	}
	if slices.Sort(joined); !slices.Equal(joined, slices.Sorted(slices.Values(users))) {
		t.Errorf("%s: joined have %q, want %q", w.name, joined, users)
	}
}
