package gossip

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// blind is a view that looks at nothing.
type blind struct{}

func (blind) Apply(channels.Now, channels.NodeID, []channels.Change, uint64)   {}
func (blind) Replace(channels.Now, channels.NodeID, []channels.Change, uint64) {}
func (blind) Lost(channels.Now, channels.NodeID, uint64)                       {}
func (blind) Left(channels.Now, channels.NodeID, time.Duration)                {}
func (blind) Seen(channels.Now) []channels.Seen                                { return nil }
func (blind) LearnSeen(channels.Now, []channels.Seen)                          {}

// lone is a core whose peers are what a test tells it.
type lone struct {
	*Core
	now time.Time
}

func newLone() *lone {
	now := time.Unix(1000, 0)
	return &lone{now: now, Core: New(Config{
		Self: channels.NodeID{1}, Interval: 10 * time.Second, Timeout: 13 * time.Second,
		View: blind{}, Rand: rand.New(rand.NewPCG(1, 1)),
	}, now)}
}

// run ticks for a while, and returns what the core wanted done meanwhile.
func (l *lone) run(d time.Duration) (fx Effects) {
	for end := l.now.Add(d); l.now.Before(end); {
		l.now = l.now.Add(200 * time.Millisecond)
		l.Tick(l.now)
		fx.Dials = append(fx.Dials, l.Take().Dials...)
	}
	return fx
}

func (l *lone) met(id channels.NodeID) {
	l.Met(l.now, id, Peer{Addr: "127.0.0.1:1"})
}

func TestNodeThatLeavesWhileItIsDialedIsForgotten(t *testing.T) {
	l := newLone()
	peer := channels.NodeID{2}
	l.met(peer)
	if dials := l.Take().Dials; len(dials) != 1 {
		t.Fatalf("dials %v, want the peer", dials)
	}
	l.Packet(l.now, encodePing(&Ping{Node: peer, Beat: 1, Life: Left}))
	link := l.Opened(l.now, peer)
	l.Closed(l.now, link)
	l.run(asideAge + time.Minute)
	for p := range l.Peers() {
		t.Errorf("a node that left long ago is still known: %+v", p)
	}
}

func TestPauseDoesNotMakeANodeReady(t *testing.T) {
	l := newLone()
	l.now = l.now.Add(time.Minute) // between New and the first call, say
	l.met(channels.NodeID{2})
	l.SeedsTried(l.now)
	l.run(5 * time.Second)
	l.now = l.now.Add(time.Minute)
	l.run(time.Second)
	if l.Ready() {
		t.Error("ready after a pause in which it could learn nothing of its peer")
	}
	l.run(13 * time.Second)
	if !l.Ready() {
		t.Error("not ready when a timeout is over")
	}
}

func TestNodeThatReturnsIsDialedAtOnce(t *testing.T) {
	l := newLone()
	peer := channels.NodeID{2}
	l.met(peer)
	beat := uint64(0)
	ping := func() {
		beat++
		l.Packet(l.now, encodePing(&Ping{Node: peer, Beat: beat, Interval: 10_000, Timeout: 13_000}))
	}
	ping()
	l.Take()
	l.DialFailed(l.now, peer)
	for dials := 0; dials < 40; { // the last one fails just when nothing but the next is due
		fx := l.run(200 * time.Millisecond)
		dials += len(fx.Dials)
		for range fx.Dials {
			l.DialFailed(l.now, peer)
		}
	}
	if l.Stats().Lost != 1 {
		t.Fatalf("%d peers were lost, want 1", l.Stats().Lost)
	}
	ping()
	if dials := l.run(200 * time.Millisecond).Dials; len(dials) != 1 {
		t.Errorf("dials %v when it is back, want it at once", dials)
	}
}

func TestLostNodeIsAskedForOnceAnInterval(t *testing.T) {
	l := newLone()
	lost, other := channels.NodeID{2}, channels.NodeID{3}
	l.met(lost)
	l.met(other)
	asked := 0
	for beat := uint64(1); beat <= 300; beat++ { // a minute
		l.Packet(l.now, encodePing(&Ping{Node: other, Beat: beat, Interval: 10_000, Timeout: 13_000}))
		l.now = l.now.Add(200 * time.Millisecond)
		l.Tick(l.now)
		fx := l.Take()
		for _, d := range fx.Dials {
			l.DialFailed(l.now, d.To)
		}
		for _, p := range fx.Packets {
			if ping, err := DecodePing(p.Data); err != nil {
				t.Fatal(err)
			} else if beat > 100 && slices.Contains(ping.Asks, lost) {
				asked++
			}
		}
	}
	if l.Stats().Lost != 1 || asked < 3 || asked > 6 {
		t.Errorf("%d lost, asked for %d times in 40s, want 1, asked for every 10s", l.Stats().Lost, asked)
	}
}
