//go:build unix

package processtest

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Sizes of the load.
const (
	fullLoad = 5000 // clients
	lessLoad = 1000 // with the race detector or -short, unless -full is given
	rooms    = 100
	spare    = 500 // file descriptors for all else that the tests do
)

func TestThousandsOfClientsAreListedExactlyAndLeaveNothingBehind(t *testing.T) {
	size := fullLoad
	if (raceEnabled || testing.Short()) && !*full {
		size = lessLoad
		t.Logf("SCALED DOWN to %d clients because of the race detector or -short; -full runs all %d", size, fullLoad)
	}
	if limit := raiseFileLimit(t); limit < size+3*rooms+spare {
		size = max(limit-3*rooms-spare, rooms) / rooms * rooms
		t.Logf("SCALED DOWN to %d clients: this system allows no more than %d open files (ulimit -Hn)", size, limit)
	}
	// Slower than elsewhere: all clients share one process, which has to answer
	// their pings in time.
	c := newCluster(t, 3, pace{interval: 4 * time.Second, timeout: 10 * time.Second, grace: time.Second}, "--log-level=warn")
	l := newLoad(c)
	before := l.rest() // with the watchers, and nobody else

	begin := time.Now()
	l.arrive(size)
	l.exact(size)
	t.Logf("%d clients joined and were listed everywhere after %v", size, time.Since(begin).Round(time.Millisecond))
	peak := l.rest()

	begin = time.Now()
	l.leave(size / 2)
	l.exact(size - size/2)
	t.Logf("half of them were gone everywhere after %v", time.Since(begin).Round(time.Millisecond))
	l.leave(size - size/2)
	l.exact(0)
	l.toldOnce(size)

	for i, p := range c.nodes {
		l.sameAsBefore(p, before[i], peak[i])
	}
}

// raiseFileLimit allows as many open files as the system does, and returns how many.
func raiseFileLimit(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	if err == nil && limit.Cur < limit.Max {
		limit.Cur = limit.Max
		err = errors.Join(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit), syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	}
	if err != nil {
		t.Logf("CANNOT RAISE the limit of open files: %v", err)
	}
	return int(min(limit.Cur, 1<<20))
}

// load is who is in which channel, and a watcher of each channel on each node.
type load struct {
	*cluster
	watchers []watchers // by channel
	tabs     []*tab     // that are open
	came     int        // all that ever were
}

func room(i int) string { return fmt.Sprintf("room-%d", i%rooms) }

func newLoad(c *cluster) *load {
	l := &load{cluster: c, watchers: make([]watchers, rooms)}
	for i := range l.watchers {
		l.watchers[i] = make(watchers, len(c.nodes))
	}
	each(c.t, rooms*len(c.nodes), func(i int) error {
		at := c.nodes[i%len(c.nodes)]
		w := newWatcher("watcher on "+at.name, room(i/len(c.nodes)))
		conn, err := w.connect(c.t.Context(), c, at, "", nil)
		if err == nil {
			c.t.Cleanup(conn.Break)
		}
		l.watchers[i/len(c.nodes)][i%len(c.nodes)] = w
		return err
	})
	return l
}

// arrive has users join, spread over the nodes so that each channel is on all.
func (l *load) arrive(n int) {
	l.t.Helper()
	tabs := make([]*tab, n)
	each(l.t, n, func(i int) (err error) {
		at := l.nodes[(i/rooms)%len(l.nodes)]
		tabs[i], err = l.open(l.t.Context(), at, fmt.Sprint("user-", i), room(i), "")
		return err
	})
	l.tabs, l.came = tabs, n
	l.t.Cleanup(func() {
		for _, tab := range tabs {
			tab.Break()
		}
	})
}

// leave has users leave in turn with a bye, and without.
func (l *load) leave(n int) {
	l.t.Helper()
	going := l.tabs[:n]
	l.tabs = l.tabs[n:]
	each(l.t, n, func(i int) error {
		if (i/rooms)%2 == 0 {
			return going[i].bye()
		}
		going[i].Break()
		return nil
	})
}

// exact waits until every watcher lists exactly those who are there.
func (l *load) exact(n int) {
	l.t.Helper()
	if len(l.tabs) != n {
		l.t.Fatalf("%d tabs are open, want %d", len(l.tabs), n)
	}
	truth := map[string][]string{}
	for _, tab := range l.tabs {
		truth[tab.channel] = append(truth[tab.channel], tab.user)
	}
	for i, all := range l.watchers {
		all.awaitRoster(l.t, truth[room(i)])
	}
}

// toldOnce demands that every watcher was told of each user once that he came,
// and once that he left, for the right reason.
func (l *load) toldOnce(n int) {
	l.t.Helper()
	for i, all := range l.watchers {
		all.mark(l.cluster, l.nodes)
		for _, w := range all {
			kinds := map[string]int{}
			for _, e := range w.flush() {
				kinds[e.kind+" "+e.reason]++
			}
			members := n / rooms
			if i < n%rooms {
				members++
			}
			if kinds["join "] != members || kinds["leave left"]+kinds["leave closed"] != members || len(kinds) > 3 {
				l.t.Errorf("%s of %s: %v, want %d joins and as many leaves", w.name, w.channel, kinds, members)
			}
		}
	}
}

// rest returns what each process needs, once it is busy with nothing.
func (l *load) rest() (all []map[string]float64) {
	for _, p := range l.nodes {
		all = append(all, p.metrics())
	}
	return all
}

const (
	goroutines = "go_goroutines"
	resident   = "process_resident_memory_bytes"
	heap       = "go_memstats_heap_alloc_bytes"
	sockets    = "rollcall_socket_open"
	files      = "process_open_fds"
)

// sameAsBefore demands that a process needs no more than before all came. What
// is kept of those who left (when they were last seen, and for five minutes that
// they did) is memory that is wanted. The system gets freed memory back late, and
// that of the race detector never.
func (l *load) sameAsBefore(p *process, before, peak map[string]float64) {
	l.t.Helper()
	kept := float64(l.came * 2 << 10)
	var now map[string]float64
	defer func() {
		for _, name := range []string{goroutines, files, heap, resident} {
			l.t.Logf("%s: %s: %.0f before, %.0f with all, %.0f after", p.name, name, before[name], peak[name], now[name])
		}
	}()
	eventually(l.t, p.name+" needs no more than before", func() bool {
		now = p.metrics() // which makes garbage enough for the collector to run
		return now[sockets] == before[sockets] && now[goroutines] <= before[goroutines]+5 &&
			now[files] <= before[files]+5 && now[heap] <= before[heap]+kept+(4<<20)
	})
	if bound := max(before[resident]*1.5, peak[resident]*1.2) + kept; !raceEnabled && now[resident] > bound {
		l.t.Errorf("%s: resident memory is %.0f MiB, want at most %.0f", p.name, now[resident]/(1<<20), bound/(1<<20))
	}
	if slices.Contains([]float64{peak[goroutines], peak[sockets]}, 0) {
		l.t.Errorf("%s tells no goroutines or no sockets", p.name)
	}
}
