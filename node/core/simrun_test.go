package core

import (
	"flag"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seeds = flag.Uint64("sim.seeds", 4, "how many `seeds` the simulation runs")
	first = flag.Uint64("sim.first", 0, "the first `seed` it runs")
	lasts = flag.Duration("sim.lasts", time.Minute, "how `long` faults go on in each, in virtual time, half of it more or less")
	trace = flag.Bool("sim.trace", false, "print what happened with a seed that fails")
)

// TestSimulation runs whole clusters through faults, and holds every step against
// the truth. A seed that fails is run again by -sim.first=SEED -sim.seeds=1 -sim.trace.
func TestSimulation(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1600)) // many small worlds, one after another
	var next atomic.Uint64
	var wg sync.WaitGroup
	next.Store(*first)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1) - 1; seed < *first+*seeds && !t.Failed(); seed = next.Add(1) - 1 {
				w := simulate(seed, *trace)
				if w.err != nil {
					t.Errorf("%v\n%s", w.err, strings.Join(w.log, "\n"))
				}
			}
		})
	}
	wg.Wait()
}

// simulate runs the life of one cluster.
func simulate(seed uint64, verbose bool) *world {
	w := newWorld(seed, 3+int(seed%10))
	w.verbose = verbose
	w.net.slow = time.Duration(w.rng.IntN(4)) * 50 * time.Millisecond
	w.run(5 * time.Second)
	w.churn()
	if seed%4 == 3 {
		w.command()
	}
	w.run(10 * time.Second)
	w.fault()
	w.run(*lasts/2 + w.dur(*lasts))
	w.calm()
	w.run(2*timeout + 4*interval)
	for _, n := range w.nodes {
		w.expectStream(n)
	}
	w.expectTruth()
	w.expectAgreement()
	w.expectNoAlarm()
	return w
}

// fault has something go wrong, and goes on until the world is quiet. Each seed
// has its own mix, so that some worlds see one kind of fault only.
func (w *world) fault() {
	if w.quiet {
		return
	}
	w.after(w.dur(6*time.Second), w.fault)
	kinds := []func(){w.lose, w.fragile, w.slow, w.cutPair, w.cutWay, w.split, w.crash, w.goodbye, w.stop, w.halt, w.start}
	mix := w.seed*0x9e3779b97f4a7c15 | 1<<10
	for range 20 {
		i := w.rng.IntN(len(kinds))
		if mix>>(i*3)&1 == 1 || w.seed%5 == 0 {
			kinds[i]()
			return
		}
	}
}

// calm ends all faults: the network heals, and who was killed is started again.
func (w *world) calm() {
	w.quiet = true
	w.net.loss, w.net.fragile, w.net.slow = 0, 0, 50*time.Millisecond
	clear(w.net.cut)
	for slot, n := range w.nodes {
		if n.dead {
			w.boot(slot)
		}
	}
}

func (w *world) lose()    { w.net.loss = w.rng.Float64() * 0.3 }
func (w *world) fragile() { w.net.fragile = w.rng.Float64() * 0.1 }
func (w *world) slow() {
	w.net.slow, w.net.paced = w.dur(time.Second), w.now
}

// cutWhile cuts ways between slots for a time.
func (w *world) cutWhile(d time.Duration, ways ...[2]int) {
	for _, way := range ways {
		w.net.cut[way] = true
	}
	w.trace("cut %v for %v", ways, d)
	w.after(d, func() {
		for _, way := range ways {
			delete(w.net.cut, way)
		}
	})
}

func (w *world) two() (a, b int) {
	a = w.rng.IntN(len(w.nodes))
	b = (a + 1 + w.rng.IntN(len(w.nodes)-1)) % len(w.nodes)
	return a, b
}

func (w *world) cutPair() {
	a, b := w.two()
	w.cutWhile(w.dur(40*time.Second), [2]int{a, b}, [2]int{b, a})
}

func (w *world) cutWay() {
	a, b := w.two()
	w.cutWhile(w.dur(40*time.Second), [2]int{a, b})
}

// split cuts the cluster in two.
func (w *world) split() {
	var ways [][2]int
	k := 1 + w.rng.IntN(len(w.nodes)-1)
	for a := range k {
		for b := k; b < len(w.nodes); b++ {
			ways = append(ways, [2]int{a, b}, [2]int{b, a})
		}
	}
	w.cutWhile(w.dur(30*time.Second), ways...)
}

func (w *world) crash() {
	if n := w.anyNode(); n != nil && w.chance(0.5) {
		w.kill(n)
		w.after(w.dur(20*time.Second), w.start)
	}
}

func (w *world) goodbye() {
	if n := w.anyNode(); n != nil && w.chance(0.5) {
		w.leave(n)
		w.after(w.dur(20*time.Second), w.start)
	}
}

// stop pauses a process for less than what others notice, halt for more.
func (w *world) stop() {
	if n := w.anyNode(); n != nil {
		w.pause(n, w.dur(timeout-interval-200*time.Millisecond))
	}
}

func (w *world) halt() {
	if n := w.anyNode(); n != nil {
		w.pause(n, w.dur(2*timeout))
	}
}

// start begins a new process where one was killed.
func (w *world) start() {
	for slot, n := range w.nodes {
		if n.dead {
			w.boot(slot)
			return
		}
	}
}
