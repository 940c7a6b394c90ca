package core

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// The pace of every simulated cluster.
const (
	interval = 10 * time.Second
	timeout  = 13 * time.Second
	grace    = 3 * time.Second
	tick     = interval / 50
)

// users are all there are.
var users = []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"}

// world is a cluster, its network and its clients, with neither goroutine nor
// real clock, so that a seed which fails once fails always.
type world struct {
	seed  uint64
	rng   *rand.Rand
	now   time.Time
	queue events
	seq   uint64

	nodes   []*node // by slot: a host, on which one process may follow another
	byID    map[channels.NodeID]*node
	net     network
	clients []*client
	lastID  int
	orders  orders

	snaps   map[channels.NodeID]map[uint64]uint64     // hash of each table's content at each number
	beats   map[pair]heard                            // last arrival of a new beat of the second at the first
	places  map[channels.NodeID]map[uint64]membership // of each origin, by id
	ends    []ended                                   // of memberships, that named where the user is
	quiet   bool                                      // no faults any more
	log     []string
	verbose bool
	told    map[*node][]string // joins and leaves that each node has shown
	ids     map[string]string  // of events: what they are about
	only    map[string]string  // beginnings and ends of sessions: the id
	err     error
}

// pair is an ordered pair of processes.
type pair struct{ at, of channels.NodeID }

// heard is the highest beat that has arrived, when, when it was made, and whether the
// receiver can know that: it was meant for this process, by one that had heard it before.
type heard struct {
	beat     uint64
	at, made time.Time
	dated    bool
}

// event is something to be done at a time.
type event struct {
	at  time.Time
	seq uint64
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

func newWorld(seed uint64, nodes int) *world {
	w := &world{
		seed: seed, rng: rand.New(rand.NewPCG(seed, 2)), now: time.Unix(1_800_000_000, 0),
		byID:   map[channels.NodeID]*node{},
		snaps:  map[channels.NodeID]map[uint64]uint64{},
		beats:  map[pair]heard{},
		places: map[channels.NodeID]map[uint64]membership{},
	}
	w.told, w.ids, w.only = map[*node][]string{}, map[string]string{}, map[string]string{}
	w.net = network{w: w, cut: map[[2]int]bool{}}
	for slot := range nodes {
		w.nodes = append(w.nodes, nil)
		w.boot(slot)
	}
	w.after(w.dur(time.Second), w.tend)
	return w
}

// after has something done later.
func (w *world) after(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.queue, event{w.now.Add(d), w.seq, do})
}

// run lets that much time pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for w.err == nil && len(w.queue) > 0 && !w.queue[0].at.After(end) {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
}

// dur returns a random duration up to d.
func (w *world) dur(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

// chance is true that often.
func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("seed %d, %v: %s", w.seed, w.now.UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
	}
}

func (w *world) trace(format string, args ...any) {
	if w.verbose {
		w.log = append(w.log, w.now.UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
	}
}

// membership is who was where.
type membership struct{ user, channel string }

// ended is the end of a membership that named where else its user was.
type ended struct {
	number uint64
	by     channels.NodeID
	membership
	end *channels.End
}

// node is one process. Its clock may be days off.
type node struct {
	w       *world
	slot    int
	id      channels.NodeID
	core    *Core
	learned bool   // before this step
	frames  uint64 // received before this step
	offset  time.Duration

	dead   bool // killed or left
	left   bool // said goodbye
	paused bool
	since  time.Time // of its pause, or else of its start or last waking
	inbox  []func()  // what arrived in a pause

	members map[channels.NodeID]bool // as its memberlist has them
	unheard map[channels.NodeID]time.Time
	before  map[channels.NodeID]uint64 // what it had of others before this step
	lost    map[channels.NodeID]bool   // given up and not shown again
	hidden  map[string][]string        // who chose to be offline, and where, before this step
	stopped time.Time                  // when it was killed or paused

	stream *reader  // from when it knew the cluster; nil before
	steps  int      // since then
	ids    []string // of its events
}

func (n *node) String() string { return fmt.Sprintf("n%d(%s)", n.slot, n.id.String()[:4]) }

// boot starts a new process in a slot.
func (w *world) boot(slot int) {
	n := &node{w: w, slot: slot, since: w.now, members: map[channels.NodeID]bool{}, unheard: map[channels.NodeID]time.Time{}, lost: map[channels.NodeID]bool{}, before: map[channels.NodeID]uint64{}, hidden: map[string][]string{}}
	binary.LittleEndian.PutUint64(n.id[:], w.rng.Uint64())
	binary.LittleEndian.PutUint64(n.id[8:], uint64(slot))
	n.offset = time.Duration(w.rng.Int64N(int64(96*time.Hour))) - 48*time.Hour
	n.core = New(Config{Self: n.id, Interval: interval, Timeout: timeout, Grace: grace,
		Rand: rand.New(rand.NewPCG(w.rng.Uint64(), 3)), Part: 1 + w.rng.IntN(8), Removals: 1 + w.rng.IntN(40)}, n.clock())
	w.nodes[slot], w.byID[n.id] = n, n
	w.snaps[n.id] = map[uint64]uint64{0: 0}
	w.places[n.id] = map[uint64]membership{}
	w.trace("%v boots", n)
	w.after(w.dur(time.Second), func() {
		w.gather(n)
		n.do(func(now time.Time) { n.core.Gossip.SeedsTried(now) })
	})
	n.tick()
}

// clock is the time as this node's wall tells it.
func (n *node) clock() time.Time { return n.w.now.Add(n.offset) }

func (n *node) running() bool { return !n.dead && !n.paused }

func (n *node) tick() {
	if n.dead {
		return
	}
	if !n.paused {
		n.do(n.core.Tick)
	}
	n.w.after(tick, n.tick)
}

// do runs one step of a node, now or when its pause is over.
func (n *node) do(f func(now time.Time)) {
	switch {
	case n.dead || n.w.err != nil:
	case n.paused:
		n.inbox = append(n.inbox, func() { n.do(f) })
	default:
		n.learned = n.core.learned
		f(n.clock())
		fx := n.core.Settle(n.clock())
		n.w.snapshot(n)
		n.w.check(n, fx) // before what follows takes steps of its own
		n.w.carry(n, fx)
	}
}

// pause stops a process for a time. What arrives waits in its buffers, as far as
// they go.
func (w *world) pause(n *node, d time.Duration) {
	w.trace("%v is paused for %v", n, d)
	n.paused, n.since, n.stopped = true, w.now, w.now
	w.after(d, func() {
		if n.dead {
			return
		}
		w.trace("%v wakes", n)
		n.paused = false
		n.since = w.now
		n.do(n.core.Tick) // before anything that waited is read
		inbox := n.inbox
		n.inbox = nil
		for _, f := range inbox {
			f()
		}
	})
}

// kill ends a process without goodbye.
func (w *world) kill(n *node) {
	w.trace("%v is killed", n)
	n.dead, n.stopped = true, w.now
	w.net.drop(n)
	w.orphan(n)
	w.expectGone(n)
}

// leave ends a process that says goodbye.
func (w *world) leave(n *node) {
	w.trace("%v leaves", n)
	n.do(n.core.Gossip.Leave)
	w.after(300*time.Millisecond, func() {
		if n.dead {
			return
		}
		for _, m := range w.nodes {
			if m != n && m.members[n.id] && !w.net.cut[[2]int{n.slot, m.slot}] {
				delete(m.members, n.id)
				m.do(func(now time.Time) { m.core.Gossip.Suspect(now, n.id) })
			}
		}
		n.dead, n.left, n.stopped = true, true, w.now
		w.net.drop(n)
		w.orphan(n)
	})
}

// gather has a node's memberlist find whom it can reach.
func (w *world) gather(n *node) {
	if n.dead {
		return
	}
	for _, m := range w.nodes {
		if m != n && !m.dead && !n.members[m.id] && w.net.open(n, m) && !n.left && !m.left {
			n.members[m.id] = true
			n.do(func(now time.Time) {
				n.core.Gossip.Met(now, m.id, gossip.Peer{Addr: fmt.Sprint(m.slot), Name: m.String()})
			})
		}
	}
}

// tend does what memberlist does: it finds nodes again, and suspects those that
// it cannot reach, be it wrongly.
func (w *world) tend() {
	for _, n := range w.nodes {
		if n.dead {
			continue
		}
		if w.chance(0.2) {
			w.gather(n)
		}
		for _, id := range sortedIDs(n.members) {
			m := w.byID[id]
			if !m.dead && !m.paused && w.net.open(n, m) {
				delete(n.unheard, id)
				if w.quiet || !w.chance(0.002) {
					continue
				}
			} else if since, ok := n.unheard[id]; !ok {
				n.unheard[id] = w.now
				continue
			} else if w.now.Sub(since) < 5*time.Second {
				continue
			}
			delete(n.members, id)
			n.do(func(now time.Time) { n.core.Gossip.Suspect(now, id) })
		}
		if ids := sortedIDs(n.members); len(ids) > 0 {
			w.net.probe(n, w.byID[ids[w.rng.IntN(len(ids))]])
		}
	}
	w.after(time.Second, w.tend)
}
