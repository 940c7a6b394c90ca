//go:build unix

package processtest

import (
	"net"
	"testing"
)

func TestWhateverComesToTheGossipPortChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, fast)
	all, _, everybody := c.populate("room", 10)
	insulted := c.nodes[0]
	before := insulted.metrics()
	for _, insult := range gossipInsults() {
		c.insult(insulted, insulted.gossip, insult)
		if insulted.ended() {
			t.Fatalf("%s has ended after %s", insulted.name, insult.name)
		}
	}
	all.nothingHappened(c, c.nodes)

	c.crowd(insulted, 200)
	all.nothingHappened(c, c.nodes)

	// All at once.
	each(t, 20, func(int) error {
		for _, insult := range gossipInsults() {
			if !insult.hold {
				_ = insult.send(insulted.gossip) // it may be closed at once
			}
		}
		return nil
	})
	all.nothingHappensWithin(c, c.nodes, c.pace.overAll())
	all.awaitRoster(t, everybody)
	insulted.recovers(before)
}

// crowd opens more connections to the gossip port than may wait there to show
// what they are, and says nothing on them.
func (c *cluster) crowd(p *process, n int) {
	c.t.Helper()
	const crowded = "rollcall_mesh_crowded_total"
	before := p.metric(crowded)
	for range n {
		conn, err := net.Dial("tcp", p.gossip)
		if err != nil {
			c.t.Fatal(err)
		}
		defer conn.Close()
	}
	eventually(c.t, "some of a crowd are turned away", func() bool { return p.metric(crowded) > before })
}

func TestWhateverComesToThePublicPortChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, fast)
	all, _, everybody := c.populate("room", 10)
	insulted := c.nodes[0]
	before := insulted.metrics()
	insults := publicInsults()
	each(t, len(insults), func(i int) error { return insults[i].send(insulted.listen) }) // some wait for 5s
	for _, insult := range insults {
		if insult.counter != "" {
			c.insult(insulted, insulted.listen, insult)
		}
	}
	all.nothingHappensWithin(c, c.nodes, c.pace.overAll())
	all.awaitRoster(t, everybody)
	insulted.recovers(before)
}

// insult sends one insult and demands that it is counted.
func (c *cluster) insult(p *process, addr string, i insult) {
	c.t.Helper()
	before := p.metrics()
	if err := i.send(addr); err != nil {
		c.t.Errorf("%s: %v", i.name, err)
	}
	if i.counter == "" {
		return
	}
	if _, ok := before[i.counter]; !ok {
		c.t.Fatalf("no metric %s", i.counter)
	}
	eventually(c.t, i.name+" is counted by "+i.counter, func() bool { return p.metrics()[i.counter] > before[i.counter] })
}

// recovers demands that nothing of the insults is left.
func (p *process) recovers(before map[string]float64) {
	p.t.Helper()
	var now map[string]float64
	defer func() {
		p.t.Logf("goroutines: %v before, %v after; open files: %v, %v", before[goroutines], now[goroutines], before[files], now[files])
	}()
	eventually(p.t, p.name+" is as before", func() bool {
		now = p.metrics()
		return now[goroutines] <= before[goroutines]+10 && now[files] <= before[files]+5 && now[sockets] == before[sockets]
	})
}
