package gossip

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// witness is a view that remembers who left, and nothing else.
type witness struct {
	blind
	all     []channels.Seen
	learned map[string]time.Duration
}

func (w *witness) Seen(channels.Now) []channels.Seen { return w.all }
func (w *witness) LearnSeen(_ channels.Now, all []channels.Seen) {
	for _, s := range all {
		w.learned[s.User] = s.Age
	}
}

func newWitness(id channels.NodeID, now time.Time) (*Core, *witness) {
	w := &witness{learned: map[string]time.Duration{}}
	return New(Config{Self: id, Interval: 10 * time.Second, Timeout: 13 * time.Second, View: w, Rand: rand.New(rand.NewPCG(1, 1))}, now), w
}

// exchange carries frames between the two ends of a stream until neither has any, or
// for that many frames.
func exchange(t *testing.T, now time.Time, a, b *Core, la, lb *Link, most int) {
	t.Helper()
	for sent := 0; sent < most; {
		idle := true
		for _, way := range []struct {
			from, to   *Core
			fl, toLink *Link
		}{{a, b, la, lb}, {b, a, lb, la}} {
			f := way.from.Next(now, way.fl)
			if f == nil {
				continue
			}
			idle = false
			sent++
			body, err := f.Append(nil, now.UnixMilli())
			if err != nil || len(body) > MaxFrame {
				t.Fatalf("a frame of %d bytes, %v", len(body), err)
			}
			got, err := DecodeFrame(body, now.UnixMilli())
			if err != nil {
				t.Fatal(err)
			}
			if err := way.to.Receive(now, way.toLink, got); err != nil {
				t.Fatal(err)
			}
		}
		if idle {
			return
		}
	}
}

func TestNodeThatJoinsLearnsWhoWasSeen(t *testing.T) {
	now := time.Unix(1000, 0)
	idA, idB, idC := channels.NodeID{1}, channels.NodeID{2}, channels.NodeID{3}
	a, joiner := newWitness(idA, now)
	b, old := newWitness(idB, now)
	c, oldC := newWitness(idC, now)
	for i := range 5*maxSeen + 1 {
		old.all = append(old.all, channels.Seen{User: fmt.Sprint("user ", i), Age: time.Duration(i) * time.Second})
	}
	oldC.all = old.all
	a.Met(now, idB, Peer{Addr: "b"})
	a.Met(now, idC, Peer{Addr: "c"})
	lb, lc := a.Opened(now, idB), a.Opened(now, idC)
	exchange(t, now, a, b, lb, b.Accepted(now), 5) // the stream breaks half-way
	some := len(joiner.learned)
	if some == 0 || some == len(old.all) {
		t.Fatalf("after 5 frames %d are known: the test proves nothing", some)
	}
	cl := c.Accepted(now)
	exchange(t, now, a, c, lc, cl, 100) // was not asked
	if len(joiner.learned) != some {
		t.Errorf("a peer that was not asked told %d", len(joiner.learned)-some)
	}
	a.Closed(now, lb)
	exchange(t, now, a, c, lc, cl, 100)
	if len(joiner.learned) != len(old.all) || joiner.learned["user 7"] != 7*time.Second {
		t.Errorf("%d are known, user 7 for %v, want %d and 7s", len(joiner.learned), joiner.learned["user 7"], len(old.all))
	}
	clear(joiner.learned)
	a.Closed(now, lc)
	exchange(t, now, a, b, a.Opened(now, idB), b.Accepted(now), 100)
	if len(joiner.learned) != 0 {
		t.Errorf("it asked once more, and learned %d", len(joiner.learned))
	}
}

func TestAgesOfTheSeenGrowWhileTheyWait(t *testing.T) {
	now := time.Unix(1000, 0)
	var r retold
	r.begin(now, []channels.Seen{{User: "alice", Age: time.Minute}})
	some, all := r.next(now.Add(5 * time.Second))
	if !all || len(some) != 1 || some[0].Age != 65*time.Second {
		t.Errorf("next tells %v, all %v, want alice 65s ago, and that this is all", some, all)
	}
	if some, all := r.next(now); len(some) != 0 || all {
		t.Errorf("afterwards it tells %v, all %v", some, all)
	}
	if r.begin(now, nil); r.rest != nil {
		t.Error("nobody is somebody")
	}
	if some, all := r.next(now); len(some) != 0 || !all {
		t.Errorf("of nobody it tells %v, all %v, want that this is all", some, all)
	}
}
