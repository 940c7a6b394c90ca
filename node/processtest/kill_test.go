//go:build unix

package processtest

import (
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestUsersOfAKilledNodeLeaveInTimeUnlessTheyAreBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, fast)
	killThird(t, c)
}

func TestUsersOfAKilledNodeLeaveInTimeAtTheDefaultPace(t *testing.T) {
	if !*full {
		t.Skip("takes half a minute; run with -full")
	}
	t.Parallel()
	killThird(t, newCluster(t, 3, slow))
}

// killThird kills the third node, where some users have their only tab, some
// have another elsewhere, and some come back elsewhere when their socket breaks.
func killThird(t *testing.T, c *cluster) {
	killed, living := c.nodes[2], c.nodes[:2]
	all := c.watchAll(living, "room")
	stuck := c.tabs(20, killed, "stuck", "room")
	movers := c.tabs(20, killed, "mover", "room")
	doubled := c.tabs(20, killed, "doubled", "room")
	each(t, len(doubled), func(i int) error {
		tab, err := c.open(t.Context(), living[i%2], doubled[i].user, "room", "")
		if err == nil {
			t.Cleanup(tab.Break)
		}
		return err
	})
	others := c.tabs(20, living[0], "other", "room")
	everybody := slices.Concat(users(stuck), users(movers), users(doubled), users(others))
	all.awaitRoster(t, everybody)
	all.mark(c, c.nodes)
	for _, w := range all {
		w.flush()
	}
	pauses, stalled := pausesOf(living), watchStalls(t)

	at := killed.signal(syscall.SIGKILL)
	each(t, len(movers), func(i int) error {
		<-movers[i].Done()
		tab, err := c.open(t.Context(), living[i%2], movers[i].user, "room", movers[i].session())
		if err == nil {
			t.Cleanup(tab.Break)
		}
		return err
	})
	back := time.Since(at)
	all.awaitEach(t, "leave", users(stuck))
	all.mark(c, living)
	bound := c.pace.timeout + late + stalled()
	if pausesOf(living) > pauses { // they counted less time than passed
		bound += late
		t.Log("a living node was starved meanwhile, and may be later by half a second more")
	}
	for _, w := range all {
		earliest, latest := nodeLost(t, w, users(stuck), at)
		t.Logf("%s: %d leaves from %v to %v after the kill, bound %v; the movers were back after %v",
			w.name, len(stuck), earliest, latest, bound, back)
		if latest > bound {
			t.Errorf("%s: the last leave came %v after the kill, want at most %v", w.name, latest, bound)
		}
	}
	all.nothingHappensWithin(c, living, c.pace.overAll())
	all.awaitRoster(t, everybody[len(stuck):])
}

// nodeLost demands that a watcher has had exactly a leave of each of the users
// because their node died, and returns when they came.
func nodeLost(t *testing.T, w *watcher, users []string, since time.Time) (earliest, latest time.Duration) {
	t.Helper()
	events := w.flush()
	left := []string{}
	for _, e := range events {
		if e.kind != "leave" || e.reason != "node_lost" {
			t.Errorf("%s had event %q, want only leaves with reason node_lost", w.name, e)
		}
		left = append(left, e.user)
	}
	if slices.Sort(left); !slices.Equal(left, slices.Sorted(slices.Values(users))) {
		t.Fatalf("%s: left have %q, want %q", w.name, left, users)
	}
	return events[0].at.Sub(since), events[len(events)-1].at.Sub(since)
}

// watchStalls watches for how long at most this process, which notes when events come, is
// not given time to run.
func watchStalls(t *testing.T) (longest func() time.Duration) {
	const often = 10 * time.Millisecond
	var most atomic.Int64
	tick := time.NewTicker(often)
	t.Cleanup(tick.Stop)
	go func() {
		for last := time.Now(); t.Context().Err() == nil; last = time.Now() {
			select {
			case <-tick.C:
				most.Store(max(most.Load(), int64(time.Since(last)-often)))
			case <-t.Context().Done():
			}
		}
	}()
	return func() time.Duration { return time.Duration(most.Load()) }
}

// pausesOf counts how often the processes were starved of time to run.
func pausesOf(nodes []*process) (pauses float64) {
	for _, p := range nodes {
		pauses += p.metric("rollcall_gossip_pauses_total")
	}
	return pauses
}
