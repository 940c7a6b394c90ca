package mesh

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/gossip/mesh/memnet"
)

// after is how long memberlist's last probes and timers run on after a
// shutdown; a bubble must outlive them.
const after = time.Minute

// cluster starts nodes on a network of virtual time, all seeded with the first.
func cluster(t *testing.T, network *memnet.Network, size int) []*node {
	t.Helper()
	var nodes []*node
	for i := range size {
		host, err := network.Host(fmt.Sprintf("10.0.0.%d:7946", i+1))
		if err != nil {
			t.Fatal(err)
		}
		cfg := config()
		cfg.Interval = 10 * time.Second
		cfg.Transport = host
		cfg.Keys = [][]byte{key(t, "k")}
		cfg.Seeds = []string{"10.0.0.1"}
		n := newNode(t, cfg)
		n.dials = true
		if err := n.m.Start(); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func stop(nodes ...*node) {
	for _, n := range nodes {
		n.m.Close()
	}
	time.Sleep(after)
}

func TestFiveNodesFindEachOtherAndPartOnVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(5)
		network.Lose(0.1)
		nodes := cluster(t, network, 5)
		each := func(f func(n, other *node)) {
			for _, n := range nodes {
				for _, other := range nodes {
					if n != other {
						f(n, other)
					}
				}
			}
		}
		each(func(n, other *node) {
			n.until("every other member", func() bool { return n.met[other.id].Addr == other.m.Addr() })
			n.until("a frame of every other", func() bool { return n.heardFrom(other.id) })
		})
		network.Lose(0)
		each(func(n, other *node) { n.send(other, "from "+n.id.String()) })
		each(func(n, other *node) { n.until("every datagram", n.got("from "+other.id.String())) })

		leaver, crashed, rest := nodes[3], nodes[4], nodes[:3]
		if err := leaver.m.Leave(context.Background()); err != nil {
			t.Error(err)
		}
		crashed.m.Close()
		for _, n := range rest {
			n.until("the one who left", func() bool { return n.suspected[leaver.id] })
			n.until("the crash", func() bool { return n.suspected[crashed.id] })
			waitFor(t, "the dead streams ended", func() bool { return n.m.Stats().Streams == 4 })
		}
		stop(nodes...)
		for _, n := range nodes {
			if s := n.m.Stats(); s.Streams != 0 || len(n.links) != 0 {
				t.Errorf("%d streams and %d links are left", s.Streams, len(n.links))
			}
		}
	})
}

func TestClusterThatEndsAsAWholeWaitsForNobody(t *testing.T) {
	for _, size := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nodes := cluster(t, memnet.New(13), size)
				waitFor(t, "the cluster", func() bool {
					return !slices.ContainsFunc(nodes, func(n *node) bool { return len(n.m.Members()) != size })
				})
				began := time.Now()
				var wg sync.WaitGroup
				for i, n := range nodes {
					wg.Go(func() {
						time.Sleep(time.Duration(i) * time.Millisecond) // nobody hears of a signal at the same moment
						if err := n.m.Leave(t.Context()); err != nil {
							t.Errorf("node %d: %v", i, err)
						}
						if took := time.Since(began); took > 1500*time.Millisecond {
							t.Errorf("node %d left after %v", i, took)
						}
					})
				}
				wg.Wait()
				stop()
				for i, n := range nodes {
					if n.log.count("") > 0 {
						t.Errorf("node %d warned:\n%s", i, n.log)
					}
				}
			})
		})
	}
}

func TestLeaveThatNobodyHeardOfIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(14)
		nodes := cluster(t, network, 2)
		a, b := nodes[0], nodes[1]
		waitFor(t, "the cluster", func() bool { return len(a.m.Members()) == 2 && len(b.m.Members()) == 2 })
		b.m.Close() // a crash, of which the other does not know
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := a.m.Leave(ctx); err == nil {
			t.Error("a leave within a millisecond, of which one who stayed cannot know, is said to have gone out")
		}
		stop(nodes...)
	})
}

func TestSplitClusterFindsTogetherAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(6)
		nodes := cluster(t, network, 3)
		all := func(want int) func() bool {
			return func() bool {
				return !slices.ContainsFunc(nodes, func(n *node) bool { return len(n.m.Members()) != want })
			}
		}
		waitFor(t, "three members", all(3))
		for i, a := range nodes {
			for _, b := range nodes[:i] {
				network.Cut(a.m.Addr(), b.m.Addr())
				network.Cut(b.m.Addr(), a.m.Addr())
			}
		}
		time.Sleep(5 * time.Minute) // memberlist has long forgotten them
		if !all(1)() {
			t.Error("nodes that cannot reach each other are members of each other")
		}
		for i, a := range nodes {
			for _, b := range nodes[:i] {
				network.Heal(a.m.Addr(), b.m.Addr())
				network.Heal(b.m.Addr(), a.m.Addr())
			}
		}
		waitFor(t, "three members again", all(3))
		stop(nodes...)
	})
}

func TestStuckReaderIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(7)
		host, _ := network.Host("10.0.0.1:7946")
		peer, _ := network.Host("10.0.0.2:7946")
		cfg := config()
		cfg.Interval, cfg.Transport = 10*time.Second, host
		n := newNode(t, cfg)
		if err := n.m.Start(); err != nil {
			t.Fatal(err)
		}

		stuck := greeted(t, n, peer)
		defer stuck.Close()
		n.until("a stream", func() bool { return len(n.links) == 1 })
		began := time.Now()
		n.act(func() {
			for l, s := range n.links {
				for range 10 {
					s.out = append(s.out, largeFrame(n))
				}
				n.fx.Wakes = append(n.fx.Wakes, l)
			}
		})
		n.until("its end", func() bool { return n.closed == 1 })
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("cut after %v, want Interval/2", took)
		}
		stop(n)
	})
}

// greeted opens a plain stream to a node by hand, and sends one frame.
func greeted(t *testing.T, n *node, from *memnet.Host) net.Conn {
	t.Helper()
	raw, err := from.DialTimeout(n.m.Addr(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	rw, err := n.m.id.dial(t.Context(), raw, time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	ping := &gossip.Frame{Ping: &gossip.Ping{Node: channels.NodeID{1}, Beat: 1, Interval: 10_000, Timeout: 13_000}}
	frame, err := appendFrame(nil, func(b []byte) ([]byte, error) { return ping.Append(b, 0) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rw.Write(frame); err != nil {
		t.Fatal(err)
	}
	return raw
}

// largeFrame is a frame larger than what a connection holds.
func largeFrame(n *node) *gossip.Frame {
	f := &gossip.Frame{Ping: n.ping()}
	for range 500 {
		f.Resumed = append(f.Resumed, gossip.Resumed{Session: 1, User: strings.Repeat("u", 200)})
	}
	return f
}

func TestSilentStreamStaysOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(8)
		nodes := cluster(t, network, 2)
		a, b := nodes[0], nodes[1]
		waitFor(t, "a stream each way", func() bool { return a.m.Stats().Streams == 2 && b.m.Stats().Streams == 2 })
		before := a.m.Stats().FramesOut
		time.Sleep(time.Hour)
		if s := a.m.Stats(); s.Streams != 2 || s.FramesOut != before {
			t.Errorf("after an idle hour: %d streams, %d frames sent", s.Streams, s.FramesOut-before)
		}
		if held := len(a.m.router.undecided); held != 0 {
			t.Errorf("%d streams still count as undecided", held)
		}
		stop(nodes...)
	})
}

func TestCoreEndsStreams(t *testing.T) {
	for name, end := range map[string]func(n *node){
		"by an effect": func(n *node) {
			for l := range n.links {
				n.fx.Closes = append(n.fx.Closes, l)
			}
		},
		"by an error": func(n *node) { n.refuse = gossip.ErrMalformed },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nodes := cluster(t, memnet.New(9), 2)
				a, b := nodes[0], nodes[1]
				waitFor(t, "streams", func() bool { return a.m.Stats().Streams == 2 && b.m.Stats().Streams == 2 })
				a.act(func() { end(a) })
				b.act(func() { // say something on each
					for l, s := range b.links {
						s.out = append(s.out, &gossip.Frame{Ping: b.ping()})
						b.fx.Wakes = append(b.fx.Wakes, l)
					}
				})
				a.until("both ends", func() bool { return a.closed == 2 && len(a.links) == 0 })
				b.until("both ends", func() bool { return b.closed == 2 && len(b.links) == 0 })
				stop(nodes...)
			})
		})
	}
}

func TestSecondDialToAPeerIsNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(10)
		nodes := cluster(t, network, 2)
		a, b := nodes[0], nodes[1]
		waitFor(t, "streams", func() bool { return a.m.Stats().Streams == 2 })
		network.Cut(a.m.Addr(), b.m.Addr())
		a.dial(b)
		a.dial(b)
		time.Sleep(6 * time.Second)
		a.until("the failure", func() bool { return a.failed > 0 })
		if a.failed != 1 {
			t.Errorf("%d dials failed, want the one", a.failed)
		}
		stop(nodes...)
	})
}

func TestAcceptedConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(12)
		host, _ := network.Host("10.0.0.1:7946")
		peer, _ := network.Host("10.0.0.2:7946")
		cfg := config()
		cfg.Transport = host
		n := newNode(t, cfg)
		if err := n.m.Start(); err != nil {
			t.Fatal(err)
		}
		knock := func() net.Conn {
			c, err := peer.DialTimeout(n.m.Addr(), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Write([]byte{memberlistLabel}) // begins as memberlist does, which waits for the rest
			synctest.Wait()
			return c
		}
		var held []net.Conn
		for range maxAccepted {
			held = append(held, knock())
		}
		if s := n.m.Stats(); s.Crowded != 0 {
			t.Errorf("%d connections refused within the bound", s.Crowded)
		}
		held = append(held, knock())
		if s := n.m.Stats(); s.Crowded != 1 {
			t.Errorf("%d connections refused beyond the bound, want 1", s.Crowded)
		}
		for _, c := range held {
			_ = c.Close()
		}
		synctest.Wait()
		_ = knock().Close()
		if s := n.m.Stats(); s.Crowded != 1 {
			t.Error("room is not given back")
		}
		stop(n)
	})
}
