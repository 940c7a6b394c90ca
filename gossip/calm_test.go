package gossip

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// calm is a cluster in which nothing is lost and nothing takes time. It counts what its
// nodes send each other: pings as datagrams and on memberlist's probes, and frames.
type calm struct {
	tb    testing.TB
	now   time.Time
	rng   *rand.Rand
	nodes []*calmNode

	packets, frames, bytes int
}

type calmNode struct {
	*Core
	in   *calm
	ends map[*Link]calmEnd // where its streams lead to
}

type calmEnd struct {
	node *calmNode
	link *Link
}

// newCalm returns a cluster of so many nodes, all of which read each other.
func newCalm(tb testing.TB, nodes int) *calm {
	c := &calm{tb: tb, now: time.Unix(1_800_000_000, 0), rng: rand.New(rand.NewPCG(1, 7))}
	for i := range nodes {
		n := &calmNode{in: c, ends: map[*Link]calmEnd{}}
		var id channels.NodeID
		binary.BigEndian.PutUint64(id[:], c.rng.Uint64())
		n.Core = New(Config{Self: id, Interval: 10 * time.Second, Timeout: 13 * time.Second, View: blind{},
			Rand: rand.New(rand.NewPCG(2, uint64(i)))}, c.now)
		c.nodes = append(c.nodes, n)
	}
	for i, n := range c.nodes {
		for j, peer := range c.nodes {
			if i != j {
				n.Met(c.now, peer.cfg.Self, Peer{Addr: strconv.Itoa(j), Name: fmt.Sprint("node-", j)})
			}
		}
		n.SeedsTried(c.now)
	}
	c.run(30 * time.Second)
	for _, n := range c.nodes {
		for p := range n.Peers() {
			if p.State != Here || !p.Direct || !p.Shown {
				tb.Fatalf("the cluster is not whole: %+v", p)
			}
		}
	}
	return c
}

// run lets time pass: a tick of every node each 200 ms, a probe each second.
func (c *calm) run(d time.Duration) {
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(200 * time.Millisecond)
		for i, n := range c.nodes {
			n.Tick(c.now)
			if c.now.UnixMilli()%1000 == 0 {
				n.probe(c.nodes[(i+1+c.rng.IntN(len(c.nodes)-1))%len(c.nodes)])
			}
		}
		c.settle()
	}
}

// probe is memberlist's question, on the answer to which rides a ping.
func (n *calmNode) probe(peer *calmNode) {
	data := peer.Payload(n.in.now)
	n.in.packets++
	n.in.bytes += len(data)
	n.Ack(n.in.now, data, 0)
}

// settle carries out what the nodes want done, until they want nothing more.
func (c *calm) settle() {
	for busy := true; busy; {
		busy = false
		for _, n := range c.nodes {
			fx := n.Take()
			busy = busy || len(fx.Packets)+len(fx.Dials)+len(fx.Wakes) > 0
			n.carry(fx)
		}
	}
}

func (n *calmNode) carry(fx Effects) {
	c := n.in
	for _, p := range fx.Packets {
		c.packets++
		c.bytes += len(p.Data)
		c.at(p.Addr).Packet(c.now, p.Data)
	}
	for _, d := range fx.Dials {
		peer := c.at(d.Addr)
		mine, theirs := n.Opened(c.now, d.To), peer.Accepted(c.now)
		n.ends[mine], peer.ends[theirs] = calmEnd{peer, theirs}, calmEnd{n, mine}
	}
	for _, l := range fx.Wakes {
		n.pump(l)
	}
	if len(fx.Closes) > 0 {
		c.tb.Fatal("a stream was closed")
	}
}

func (c *calm) at(addr string) *calmNode {
	i, _ := strconv.Atoi(addr)
	return c.nodes[i]
}

// pump sends all that is to be sent on a stream now.
func (n *calmNode) pump(l *Link) {
	c, to := n.in, n.ends[l]
	for f := n.Next(c.now, l); f != nil; f = n.Next(c.now, l) {
		body, err := f.Append(nil, c.now.UnixMilli())
		if err != nil {
			c.tb.Fatal(err)
		}
		c.frames++
		c.bytes += 4 + len(body)
		got, err := DecodeFrame(body, c.now.UnixMilli())
		if err == nil {
			err = to.node.Receive(c.now, to.link, got)
		}
		if err != nil {
			c.tb.Fatal(err)
		}
	}
}

// fill gives the nodes so many sessions together, each with one membership. Told, all
// others are told of them; else all hold one and the same table for the same node, which
// takes the place of as many equal ones: a million sessions are then as many for a
// hundred nodes as for three.
func (c *calm) fill(sessions int, told bool) {
	for i, n := range c.nodes {
		var puts []channels.Change
		for id := uint64(i); id < uint64(sessions); id += uint64(len(c.nodes)) {
			puts = append(puts, benchSession(2*id+1), benchMembership(2*id+2, int(id/50)))
		}
		if told {
			n.Put(c.now, puts)
			continue
		}
		for _, ch := range puts {
			n.table.put(0, ch)
		}
		for _, other := range c.nodes {
			if p := other.peer(n.cfg.Self); p != nil {
				p.copy.led = n.table.led
			}
		}
	}
	c.settle()
	c.run(20 * time.Second)
}

// rest lets time pass and returns what was sent meanwhile.
func (c *calm) rest(d time.Duration) (packets, frames, bytes int) {
	c.packets, c.frames, c.bytes = 0, 0, 0
	c.run(d)
	return c.packets, c.frames, c.bytes
}

// wantWhole fails if not every node holds every other's table.
func (c *calm) wantWhole() {
	c.tb.Helper()
	for _, n := range c.nodes {
		for _, other := range c.nodes {
			if p := n.peer(other.cfg.Self); p != nil && (p.copy.Number() != other.table.Number() || p.copy.led.digest != other.table.Digest()) {
				c.tb.Fatal("a copy is not what it is of")
			}
			if s := n.Stats(); s.Rereads+s.Stalls+s.Questions > 0 {
				c.tb.Fatalf("not at rest: %+v", s)
			}
		}
	}
}

// What a cluster at rest sends is the same for one session on each node as for
// thousands: only the number in a ping takes up to two bytes more.
func TestTrafficAtRestDoesNotDependOnTheNumberOfSessions(t *testing.T) {
	const nodes = 3
	of := func(sessions int, told bool) (packets, frames, bytes int) {
		c := newCalm(t, nodes)
		c.fill(sessions, told)
		packets, frames, bytes = c.rest(20 * time.Second)
		c.wantWhole()
		return packets, frames, bytes
	}
	packets, frames, bytes := of(nodes, true)
	if packets == 0 || frames > 0 {
		t.Errorf("%d packets and %d frames of a cluster at rest, want pings alone", packets, frames)
	}
	for _, told := range []bool{true, false} {
		p, f, b := of(6000, told)
		if p != packets || f != frames || b < bytes || b > bytes+2*packets {
			t.Errorf("6,000 sessions, told: %v: %d packets, %d frames, %d bytes; one on each node: %d, %d, %d", told, p, f, b, packets, frames, bytes)
		}
	}
}

// BenchmarkRest runs clusters at rest, ten seconds at a time, and prints what each node
// sends in a second: pings and frames without what carries them (a datagram's 28 bytes,
// encryption's 29), and without memberlist's own. ns/node is what a second costs a node.
func BenchmarkRest(b *testing.B) {
	const span = 10 * time.Second
	for _, nodes := range []int{3, 10, 50, 100} {
		for _, sessions := range []int{0, 10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%d nodes/%d sessions", nodes, sessions), func(b *testing.B) {
				c := newCalm(b, nodes)
				c.fill(sessions, false)
				c.packets, c.frames, c.bytes = 0, 0, 0
				for b.Loop() {
					c.run(span)
				}
				c.wantWhole()
				seconds := float64(b.N) * span.Seconds() * float64(nodes)
				b.ReportMetric(float64(c.bytes)/seconds, "B/node/s")
				b.ReportMetric(float64(c.packets)/seconds, "packets/node/s")
				b.ReportMetric(float64(c.frames)/seconds, "frames/node/s")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/seconds, "ns/node/s")
			})
		}
	}
}

// BenchmarkJoinAcross makes joins on one node of a cluster, some at a time, until all
// others have them, and prints what each costs on the wire for each node that reads it.
func BenchmarkJoinAcross(b *testing.B) {
	for _, nodes := range []int{2, 10} {
		for _, most := range []int{1, 100} {
			b.Run(fmt.Sprintf("%d nodes/%d at a time", nodes, most), func(b *testing.B) {
				c := newCalm(b, nodes)
				c.packets, c.frames, c.bytes = 0, 0, 0
				id, joins := uint64(0), 0
				for b.Loop() {
					var puts []channels.Change
					for range most {
						id += 2
						puts = append(puts, benchSession(id-1), benchMembership(id, int(id/100)))
					}
					c.nodes[0].Put(c.now, puts)
					c.settle()
					joins += most
				}
				c.wantWhole()
				b.ReportMetric(float64(c.bytes)/float64(joins*(nodes-1)), "B-wire/join/peer")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(joins*(nodes-1)), "ns/join/peer")
			})
		}
	}
}
