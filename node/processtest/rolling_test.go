//go:build unix

package processtest

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

func TestARollingRestartIsNoEvent(t *testing.T) {
	t.Parallel()
	// Patient with 330 clients that one process plays; the grace is the default at
	// the default pace.
	p := pace{interval: 2 * time.Second, timeout: 5 * time.Second, grace: 3 * time.Second}
	rollingRestart(t, newCluster(t, 3, p, "--log-level=info"))
}

func TestARollingRestartAtTheDefaultPaceIsNoEvent(t *testing.T) {
	if !*full {
		t.Skip("takes a minute; run with -full")
	}
	t.Parallel()
	rollingRestart(t, newCluster(t, 3, slow, "--log-level=info"))
}

// rollingRestart restarts all nodes one after another under 300 users in ten
// channels, and 30 watchers, all of whom come back elsewhere.
func rollingRestart(t *testing.T, c *cluster) {
	const perChannel = 30
	r := newRoamers(c)
	var rooms []watchers
	var people [][]string
	for i := range 10 {
		room, names := fmt.Sprint("room-", i), []string{}
		for j := range perChannel {
			names = append(names, c.name("user"))
			r.user(j, names[j], room)
		}
		var all watchers
		for j, p := range c.nodes {
			all = append(all, newWatcher("watcher that began on "+p.name, room))
			r.watcher(j, all[j])
		}
		rooms, people = append(rooms, all), append(people, names)
	}
	r.awaitHome(t)
	for i, all := range rooms {
		all.awaitRoster(t, people[i])
		all.mark(c, c.nodes)
		for _, w := range all {
			w.flush()
		}
	}

	for _, p := range c.nodes {
		p.signal(syscall.SIGTERM)
		if status := p.wait(patience); status.ExitStatus() != 0 {
			t.Errorf("%s ended with %v, want exit status 0", p.name, status)
		}
		p.start()
		p.awaitReady()
		t.Logf("%s restarted; the last client was back %v after that", p.name, r.awaitHome(t))
	}

	for _, all := range rooms {
		all.nothingHappened(c, c.nodes)
	}
	<-time.After(c.pace.overAll()) // for those who come too late
	for i, all := range rooms {
		all.nothingHappened(c, c.nodes)
		all.awaitRoster(t, people[i])
	}
	if r.odd.Load() != 0 {
		t.Errorf("%d connections ended otherwise than with 1001", r.odd.Load())
	}
	if moved := r.moved.Load(); moved < 330 {
		t.Errorf("%d clients moved, want all 330 at least once", moved)
	}
	t.Logf("%d moves", r.moved.Load())
}
