package channels

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// cluster is several views that hear of each other's tables in order, each
// link after a delay of its own, as readers with a cursor do: what was changed
// twice in between is heard once.
type cluster struct {
	t     *testing.T
	rng   *rand.Rand
	now   Now
	nodes []*clusterNode
	slow  time.Duration // the longest that a link lags behind
}

type clusterNode struct {
	id      NodeID
	v       *View
	log     []Change // its table's history; a number is an index plus 1
	when    []time.Duration
	cursors map[NodeID]int
	lag     map[NodeID]time.Duration
	left    []string // leaves shown here
}

func newCluster(t *testing.T, seed uint64, nodes int, slow time.Duration) *cluster {
	c := &cluster{t: t, rng: rand.New(rand.NewPCG(seed, 2)), now: at(0), slow: slow}
	for i := range nodes {
		n := &clusterNode{id: NodeID{byte(i + 1)}, cursors: map[NodeID]int{}, lag: map[NodeID]time.Duration{}}
		n.v = New(Config{Self: n.id, Grace: testGrace, Timeout: testTimeout})
		n.v.Learned()
		c.nodes = append(c.nodes, n)
	}
	return c
}

// run lets time pass in steps of 50 ms: deadlines, and what links bring.
func (c *cluster) run(d time.Duration) {
	for end := c.now.Run + d; c.now.Run < end; {
		c.now = at(c.now.Run.Milliseconds() + 50)
		for _, n := range c.nodes {
			n.v.Tick(c.now)
			n.collect(c.now)
		}
		for _, n := range c.nodes {
			for _, from := range c.nodes {
				if from != n {
					n.read(c.now, from, c.now.Run-n.lag[from.id])
					n.collect(c.now)
				}
			}
		}
	}
}

// jitter gives every link another lag.
func (c *cluster) jitter(most func(reader, origin *clusterNode) time.Duration) {
	for _, n := range c.nodes {
		for _, from := range c.nodes {
			n.lag[from.id] = c.upTo(most(n, from) + 1)
		}
	}
}

// collect moves what the view wrote into the table, and notes leaves.
func (n *clusterNode) collect(now Now) {
	for _, w := range n.v.Writes() {
		n.log = append(n.log, w)
		n.when = append(n.when, now.Run)
	}
	for _, e := range n.v.Events() {
		if e.Kind == ChannelLeft {
			n.left = append(n.left, e.User)
		}
	}
}

// read applies what from had written until then: per entry only the latest.
func (n *clusterNode) read(now Now, from *clusterNode, until time.Duration) {
	at := n.cursors[from.id]
	end := at
	for end < len(from.log) && from.when[end] <= until {
		end++
	}
	if end == at {
		return
	}
	net := map[uint64]Change{}
	for _, c := range from.log[at:end] {
		if c.Session != nil {
			net[c.Session.ID] = c
		} else {
			net[c.Membership.ID] = c
		}
	}
	var changes []Change
	for _, id := range slices.Sorted(maps.Keys(net)) {
		changes = append(changes, net[id])
	}
	n.cursors[from.id] = end
	n.v.Apply(now, from.id, copied(changes), uint64(end))
}

// truth returns who is in the channel by what the nodes hold themselves.
func (c *cluster) truth(channel string) []string {
	here := map[string]bool{}
	for _, n := range c.nodes {
		for _, s := range n.v.own.inOrder() {
			if s.user != nil && n.v.holdIn(s, channel) != nil {
				here[s.user.name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(here))
}

// TestViewsAgreeWhenQuiet lets random clients come, go and move between nodes
// whose links lag by seconds and who now and then give each other up by mistake.
func TestViewsAgreeWhenQuiet(t *testing.T) {
	for seed := range uint64(40) {
		c := newCluster(t, seed, 4, 8*time.Second)
		most := func(_, _ *clusterNode) time.Duration { return c.slow }
		sessions := map[*clusterNode][]uint64{}
		for range 200 {
			n := pick(c.rng, c.nodes)
			act := c.rng.IntN(8)
			if act < 2 || len(sessions[n]) == 0 {
				s := n.v.Open(c.now, Opening{User: pick(c.rng, testUsers[1:]), Status: Status(c.rng.IntN(2))})
				n.v.Join(c.now, s, pick(c.rng, testChannels), "")
				sessions[n] = append(sessions[n], s)
				continue
			}
			s := pick(c.rng, sessions[n])
			switch act {
			case 2:
				n.v.Break(c.now, s)
			case 3:
				n.v.Close(c.now, s, ReasonLeft)
			case 4:
				n.v.Leave(c.now, s, pick(c.rng, testChannels), ReasonLeft)
			case 5:
				n.v.Join(c.now, s, pick(c.rng, testChannels), pick(c.rng, []string{"", `{"a":1}`}))
			case 6:
				n.v.Choose(c.now, s, Status(1+c.rng.IntN(3)), "") // nobody hides: the truth is plain
			case 7:
				n.v.SetState(c.now, s, State(1+c.rng.IntN(2)), c.now.Wall)
			}
			n.collect(c.now)
			if from := pick(c.rng, c.nodes); from != n && c.rng.IntN(20) == 0 { // given up, and read anew
				n.v.Lost(c.now, from.id, 1)
				n.cursors[from.id] = 0
				n.collect(c.now)
			}
			if c.rng.IntN(5) == 0 {
				c.jitter(most)
				c.run(c.upTo(time.Second))
			}
		}
		c.jitter(func(_, _ *clusterNode) time.Duration { return 0 })
		c.run(2*testTimeout + testGrace)
		c.compare(seed)
	}
}

func (c *cluster) compare(seed uint64) {
	c.t.Helper()
	first := c.nodes[0].v
	for _, n := range c.nodes {
		for _, channel := range testChannels {
			got := in(n.v, channel)
			slices.Sort(got)
			if want := c.truth(channel); !slices.Equal(got, want) {
				c.t.Fatalf("seed %d: node %v shows %q in %s, want %q", seed, n.id[0], got, channel, want)
			}
			for _, user := range got {
				a, _ := first.Member(channel, user)
				b, _ := n.v.Member(channel, user)
				a.Since, b.Since, a.LastActivity, b.LastActivity = 0, 0, 0, 0 // dates may differ by the way
				if a != b {
					c.t.Fatalf("seed %d: node %v shows %+v, the first %+v", seed, n.id[0], b, a)
				}
			}
		}
		if k := n.v.Stats().Kept; k != 0 {
			c.t.Fatalf("seed %d: node %v still keeps %d", seed, n.id[0], k)
		}
	}
}

// TestMoveInTimeIsNoLeaveAnywhere moves a user from node to node, each time back
// within the grace of the former node, while observers hear of it much later, in
// either order. Nobody may see her leave.
func TestMoveInTimeIsNoLeaveAnywhere(t *testing.T) {
	for seed := range uint64(60) {
		c := newCluster(t, seed, 5, 11*time.Second)
		holders := c.nodes[:3]
		quick := func(reader, origin *clusterNode) time.Duration {
			if slices.Contains(holders, reader) { // hears of the move within the grace
				return time.Second
			}
			return c.slow
		}
		at := holders[0]
		s := at.v.Open(c.now, Opening{User: "alice"})
		at.v.Join(c.now, s, "room.1", "")
		c.jitter(quick)
		c.run(testTimeout)
		for range 15 {
			c.jitter(quick)
			next := pick(c.rng, holders)
			broken := c.rng.IntN(2) == 0
			if broken { // a reload: gone first, back within the grace
				at.v.Break(c.now, s)
				c.run(c.upTo(1500 * time.Millisecond))
			}
			s2 := next.v.Open(c.now, Opening{User: "alice"})
			next.v.Join(c.now, s2, "room.1", "")
			if !broken { // a drain: there first, then says bye here
				c.run(1500 * time.Millisecond)
				at.v.Close(c.now, s, ReasonLeft)
			}
			at, s = next, s2
			c.run(c.upTo(6 * time.Second))
		}
		c.run(3 * testTimeout)
		for _, n := range c.nodes {
			if len(n.left) > 0 {
				t.Fatalf("seed %d: node %v showed leaves %q of somebody who never left", seed, n.id[0], n.left)
			}
			if got := in(n.v, "room.1"); !slices.Equal(got, []string{"alice"}) {
				t.Fatalf("seed %d: node %v shows %q in the end", seed, n.id[0], got)
			}
		}
	}
}

// upTo returns a random span below d.
func (c *cluster) upTo(d time.Duration) time.Duration {
	return time.Duration(c.rng.Int64N(int64(d)))
}
