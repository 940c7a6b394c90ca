//go:build unix

package processtest

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// herdPace lets one busy process play all clients, and come back with all of them
// before their node is given up.
var herdPace = pace{interval: 4 * time.Second, timeout: 20 * time.Second, grace: 10 * time.Second}

// scaled returns how many clients of most to have here, and says so if these are fewer.
func scaled(t *testing.T, most, fewer int) int {
	t.Helper()
	size := most
	if (raceEnabled || testing.Short()) && !*full {
		size = fewer
		t.Logf("SCALED DOWN to %d clients because of the race detector or -short; -full runs all %d", size, most)
	}
	if limit := raiseFileLimit(t) - spare; limit < size {
		size = limit
		t.Logf("SCALED DOWN to %d clients: this system allows no more open files (ulimit -Hn)", size)
	}
	return size
}

func TestThousandsWhoComeBackAtOnceAreNoEvent(t *testing.T) {
	size := scaled(t, 5000, 500)
	c := newCluster(t, 3, herdPace, "--log-level=warn")
	gone, left := c.nodes[0], c.nodes[1:]
	all := c.watchAll(left, "room")
	herd := make([]watchers, rooms)
	for i := range herd {
		herd[i] = c.watchAll(left, room(i))
	}
	tabs := make([]*tab, size)
	each(t, size, func(i int) (err error) {
		tabs[i], err = c.open(t.Context(), gone, c.name("user"), room(i), "")
		return err
	})
	for i, w := range herd {
		w.awaitRoster(t, inRoom(tabs, i))
		w[0].flush()
		w[1].flush()
	}

	ctx, end := context.WithTimeout(t.Context(), herdPace.timeout)
	defer end()
	peaks := []func() float64{c.sample(left[0]), c.sample(left[1])}
	began := time.Now()
	gone.signal(syscall.SIGKILL)
	back, took := make(chan struct{}), time.Duration(0)
	go func() {
		defer close(back)
		c.stampede(ctx, tabs, left)
		took = time.Since(began)
		end()
	}()
	p := c.probe(ctx, left[0])
	<-back
	all.awaitEach(t, "join", p.users)
	<-time.After(time.Until(began.Add(herdPace.timeout + late))) // only until it is time for the markers
	for i, w := range herd {
		w.nothingHappened(c, left)
		w.awaitRoster(t, inRoom(tabs, i))
	}
	t.Logf("%d were back after %v; %s; resident at the peak %.0f and %.0f MiB, then %.0f and %.0f", size, took.Round(time.Millisecond), p,
		peaks[0]()/(1<<20), peaks[1]()/(1<<20), left[0].metric(resident)/(1<<20), left[1].metric(resident)/(1<<20))
}

// inRoom returns who is in one of the rooms.
func inRoom(tabs []*tab, i int) (names []string) {
	for ; i < len(tabs); i += rooms {
		names = append(names, tabs[i].user)
	}
	return names
}

// stampede has all users come back at the same moment, to nodes in turn, each resuming
// its session, and again if it was refused.
func (c *cluster) stampede(ctx context.Context, tabs []*tab, to []*process) {
	var wg sync.WaitGroup
	for i, old := range tabs {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				again, err := c.open(ctx, to[(i+n)%len(to)], old.user, old.channel, old.session())
				if err == nil {
					c.t.Cleanup(again.Break)
					return
				}
			}
			c.t.Errorf("%s is not back", old.user)
		})
	}
	wg.Wait()
}

func TestChannelOfThousandsIsCountedExactly(t *testing.T) {
	most := 2000
	if *full {
		most = 20_000
	}
	size := scaled(t, most, 500)
	c := newCluster(t, 3, herdPace, "--log-level=warn", "--max-roster=100000")
	all := c.watchAll(c.nodes, "room")
	before := c.nodes[0].metric(resident)
	peak := c.sample(c.nodes[0])
	began := time.Now()
	tabs := make([]*client.Client, size)
	names := make([]string, size)
	t.Cleanup(func() {
		for _, tab := range tabs {
			if tab != nil {
				tab.Break()
			}
		}
	})
	each(t, size, func(i int) (err error) {
		names[i] = c.name("member")
		tabs[i], err = c.count(c.nodes[i%len(c.nodes)], names[i], "room")
		return err
	})
	all.awaitRoster(t, names)
	filled := time.Since(began)
	ctx, end := context.WithTimeout(t.Context(), 2*time.Second)
	defer end()
	p := c.probe(ctx, c.nodes[0])
	all.awaitRoster(t, append(p.users, names...))
	for _, w := range all {
		if events := w.flush(); len(events) != size+len(p.users) {
			t.Errorf("%s was told %d events, want %d joins", w.name, len(events), size+len(p.users))
		}
	}
	t.Logf("%d were listed everywhere after %v; then %s; resident %.0f MiB before, %.0f at the peak", size,
		filled.Round(time.Millisecond), p, before/(1<<20), peak()/(1<<20))
}

// count has a user join a channel of which she only follows the count.
func (c *cluster) count(at *process, user, channel string) (*client.Client, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	conn, err := client.Dial(ctx, at.url(), client.Hello{Token: c.token(user)}, nil)
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w", user, at.name, err)
	}
	if _, err := conn.Do(ctx, client.Request{Type: "join", Channel: channel, Mode: "count"}); err != nil {
		conn.Break()
		return nil, fmt.Errorf("%s joins on %s: %w", user, at.name, err)
	}
	return conn, nil
}
