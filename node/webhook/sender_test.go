package webhook

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
)

var (
	a, b, c = channels.NodeID{1}, channels.NodeID{2}, channels.NodeID{3}
	zero    = time.Unix(1_800_000_000, 0)
)

const keep = 26 * time.Second

// fleet is the senders of a cluster, on a clock of the test's.
type fleet struct {
	now  time.Time
	all  map[channels.NodeID]*Sender
	next int
}

func newFleet(ids ...channels.NodeID) *fleet {
	f := &fleet{now: zero, all: map[channels.NodeID]*Sender{}}
	for _, id := range ids {
		f.join(id)
	}
	for _, id := range ids {
		f.tell(id, ids...)
	}
	return f
}

func (f *fleet) join(id channels.NodeID) {
	f.all[id] = New(Config{Self: id, Keep: keep, Rand: rand.New(rand.NewPCG(1, 2))})
}

// tell says to a node that just these serve.
func (f *fleet) tell(id channels.NodeID, serving ...channels.NodeID) {
	standing := map[channels.NodeID]Standing{}
	for _, other := range serving {
		if other != id {
			standing[other] = Serving
		}
	}
	f.all[id].Nodes(f.now, standing)
}

// happen has nodes see so many new events, of as many users.
func (f *fleet) happen(n int, at ...channels.NodeID) {
	var all []events.Event
	for range n {
		f.next++
		all = append(all, event(f.next))
	}
	for _, id := range at {
		f.all[id].Take(f.now, all)
	}
}

func event(i int) events.Event {
	return events.Event{ID: fmt.Sprint(i), Type: events.UserOnline, User: fmt.Sprint("user", i), NodeID: a.String()}
}

// sent has a node send all that it can, and returns the ids.
func (f *fleet) sent(id channels.NodeID) (ids []string) {
	for {
		batch, _ := f.all[id].Next(f.now)
		if batch == nil {
			return ids
		}
		for _, e := range batch {
			ids = append(ids, e.ID)
		}
		f.all[id].Done(f.now, true)
	}
}

// wantOnce fails the test unless the nodes together send each event since the last call
// once, or at least once.
func (f *fleet) want(t *testing.T, what string, from, to int, atMost int, nodes ...channels.NodeID) {
	t.Helper()
	times := map[string]int{}
	for _, id := range nodes {
		for _, e := range f.sent(id) {
			times[e]++
		}
	}
	for i := from; i <= to; i++ {
		if n := times[fmt.Sprint(i)]; n < 1 || n > atMost {
			t.Fatalf("%s: event %d is sent %d times, want 1 to %d", what, i, n, atMost)
		}
		delete(times, fmt.Sprint(i))
	}
	if len(times) > 0 {
		t.Fatalf("%s: %v are sent again", what, slices.Sorted(maps.Keys(times)))
	}
}

// wantSenders fails the test unless nodes count so many that share the sending.
func (f *fleet) wantSenders(t *testing.T, what string, want map[channels.NodeID]int) {
	t.Helper()
	for id, n := range want {
		if got := f.all[id].Stats().Senders; got != n {
			t.Errorf("%s: node %d counts %d senders, want %d", what, id[0], got, n)
		}
	}
}

func TestEachEventIsSentByOneNode(t *testing.T) {
	f := newFleet(a, b, c)
	f.happen(3000, a, b, c)
	share := map[channels.NodeID]int{}
	for id, s := range f.all {
		share[id] = s.Stats().Queued
	}
	for id, n := range share {
		if n < 800 || n > 1200 {
			t.Errorf("node %d sends %d of 3000 events, want about a third", id[0], n)
		}
	}
	f.want(t, "three nodes", 1, 3000, 1, a, b, c)
}

func TestEventsOfALostNodeAreSentByTheOthers(t *testing.T) {
	f := newFleet(a, b, c)
	f.happen(100, a, b, c)
	f.now = f.now.Add(keep + time.Second)
	f.happen(100, a, b, c) // c dies before it sends any of these
	ofC := f.all[c].Stats().Queued
	f.want(t, "the living", 1, 200, 1, a, b, c)
	f.now = f.now.Add(time.Second)
	for _, id := range []channels.NodeID{a, b} {
		f.all[id].Nodes(f.now, map[channels.NodeID]Standing{a: Serving, b: Serving, c: Lost})
	}
	again := append(f.sent(a), f.sent(b)...)
	want := 0
	for i := 101; i <= 200; i++ {
		if choose(fmt.Sprint("user user", i), []channels.NodeID{a, b, c}) == c {
			want++
		}
	}
	if len(again) != want || ofC <= want {
		t.Errorf("%d events of %d are sent again, want the newest %d", len(again), ofC, want)
	}
	if got := f.all[a].Stats().Adopted + f.all[b].Stats().Adopted; got != uint64(want) {
		t.Errorf("%d are counted as adopted, want %d", got, want)
	}
	f.happen(100, a, b)
	f.want(t, "two are left", 201, 300, 1, a, b)
}

func TestNoEventIsLostWhenANodeJoinsOrLeaves(t *testing.T) {
	f := newFleet(a, b)
	f.join(c)
	f.tell(c, a, b) // c knows the cluster; the others hear of it one after another
	f.happen(100, a, b, c)
	f.want(t, "nobody heard of c", 1, 100, 2, a, b, c)
	f.tell(a, b, c)
	f.happen(100, a, b, c)
	f.want(t, "a heard of c", 101, 200, 2, a, b, c)
	f.wantSenders(t, "c is new", map[channels.NodeID]int{a: 2, b: 2, c: 3})
	f.tell(b, a, c)
	f.now = f.now.Add(overlap)
	f.tell(a, b, c)
	f.tell(b, a, c)
	f.wantSenders(t, "all know c", map[channels.NodeID]int{a: 3, b: 3, c: 3})
	f.happen(100, a, b, c)
	f.want(t, "all know c", 201, 300, 1, a, b, c)

	f.all[c].Drain(f.now)
	f.happen(100, a, b, c)
	f.want(t, "nobody heard that c goes", 301, 400, 1, a, b, c)
	for _, id := range []channels.NodeID{a, b} {
		f.all[id].Nodes(f.now, map[channels.NodeID]Standing{a: Serving, b: Serving, c: Draining})
	}
	f.happen(100, a, b, c)
	f.want(t, "all heard that c goes", 401, 500, 2, a, b, c)
	f.now = f.now.Add(overlap)
	f.happen(100, a, b, c)
	f.want(t, "c is as good as gone", 501, 600, 1, a, b, c)
}

func TestEventsOfANodeThatDiesWhileItDrainsAreSentByTheOthers(t *testing.T) {
	f := newFleet(a, b)
	f.happen(100, a, b) // b sends none of its own
	f.now = f.now.Add(time.Second)
	f.all[a].Nodes(f.now, map[channels.NodeID]Standing{b: Draining})
	f.now = f.now.Add(10 * time.Second)
	f.all[a].Nodes(f.now, map[channels.NodeID]Standing{b: Lost})
	f.want(t, "b is lost", 1, 100, 1, a)
}

func TestEventsOfANodeThatLeavesInAHurryAreSentByTheOthers(t *testing.T) {
	f := newFleet(a, b)
	f.happen(100, a, b)
	f.want(t, "b is there", 1, 100, 1, a, b)
	f.now = f.now.Add(overlap + 1)
	f.happen(100, a) // b is about to go, and did not see them
	f.all[a].Nodes(f.now, map[channels.NodeID]Standing{b: Left})
	f.want(t, "b is gone", 101, 200, 1, a)
}

func TestANodeAloneSendsEverything(t *testing.T) {
	f := newFleet(a)
	f.all[a].Take(f.now, []events.Event{{ID: "start", Type: events.ClusterStarted, NodeID: a.String()}})
	f.happen(10, a)
	f.all[a].Drain(f.now)
	f.now = f.now.Add(time.Minute)
	f.happen(10, a)
	if got := f.sent(a); len(got) != 21 {
		t.Errorf("%d events are sent, want all 21", len(got))
	}
}

func TestNodesAreNotAskedToTellOfThemselves(t *testing.T) {
	f := newFleet(a, b)
	for i := range 20 {
		joined := []events.Event{{ID: fmt.Sprint("j", i), Type: events.NodeJoined, NodeID: b.String()}}
		f.all[a].Take(f.now, joined) // b does not see it
		if got := f.sent(a); len(got) != 1 {
			t.Fatalf("a sends %q of b's coming, want it", got)
		}
	}
}

func TestAFailedBatchIsSentAgainBeforeAllOthersAfterGrowingPauses(t *testing.T) {
	f := newFleet(a)
	s := f.all[a]
	f.happen(250, a)
	least := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second}
	for i, pause := range least {
		batch, _ := s.Next(f.now)
		if len(batch) != MaxBatch || batch[0].ID != "1" {
			t.Fatalf("try %d has %d events, want the first %d", i, len(batch), MaxBatch)
		}
		if again, _ := s.Next(f.now); again != nil {
			t.Fatal("two requests at a time")
		}
		s.Done(f.now, false)
		batch, wait := s.Next(f.now)
		if batch != nil || wait < pause || wait > 2*pause {
			t.Fatalf("after try %d the pause is %v, want %v to %v", i, wait, pause, 2*pause)
		}
		f.now = f.now.Add(wait)
	}
	got := f.sent(a)
	for i, id := range got {
		if id != fmt.Sprint(i+1) {
			t.Fatalf("event %s comes as number %d", id, i+1)
		}
	}
	if st := s.Stats(); len(got) != 250 || st.Sent != 250 || st.Failed != uint64(len(least)) || st.Dropped != 0 || st.Queued != 0 {
		t.Errorf("%d events are sent, and counted as %+v", len(got), st)
	}
}

func TestANodeThatIsAboutToGoDoesNotWaitLongToTryAgain(t *testing.T) {
	f := newFleet(a)
	s := f.all[a]
	f.happen(1, a)
	fail := func() (pause time.Duration) {
		t.Helper()
		if batch, _ := s.Next(f.now); batch == nil {
			t.Fatal("nothing is sent")
		}
		s.Done(f.now, false)
		_, pause = s.Next(f.now)
		return pause
	}
	for range 8 {
		f.now = f.now.Add(fail())
	}
	if pause := fail(); pause < mostPause/2 {
		t.Fatalf("the pause is %v, want a long one", pause)
	}
	f.now = f.now.Add(time.Second)
	s.Drain(f.now) // and it is tried at once
	for range 3 {
		pause := fail()
		if pause > firstPause {
			t.Fatalf("the pause is %v, want at most %v", pause, firstPause)
		}
		f.now = f.now.Add(pause)
	}
	s.Drain(f.now) // again, as it stops
	if got := f.sent(a); len(got) != 1 {
		t.Errorf("%q is sent at last, want the one event", got)
	}
}

func TestWhatCannotBeSentForAnHourIsDropped(t *testing.T) {
	f := newFleet(a)
	s := f.all[a]
	f.happen(150, a)
	for range 1000 {
		if batch, wait := s.Next(f.now); batch != nil {
			if s.Done(f.now, false); s.Stats().Dropped > 0 {
				break
			}
		} else {
			f.now = f.now.Add(wait)
		}
	}
	if st := s.Stats(); st.Dropped != 100 || st.Queued != 50 || f.now.Sub(zero) < maxAge || f.now.Sub(zero) > maxAge+mostPause {
		t.Errorf("after %v %+v, want the first batch dropped after %v", f.now.Sub(zero), st, maxAge)
	}
}

func TestWhatWaitsAndWhatIsKeptIsBounded(t *testing.T) {
	f := newFleet(a, b)
	big := strings.Repeat("x", 64<<10)
	const n = 4 * maxBytes / (64 << 10)
	for i := range n {
		e := event(i)
		e.Member = &events.Member{Data: []byte(big)}
		f.all[a].Take(f.now, []events.Event{e})
	}
	st := f.all[a].Stats()
	if st.Dropped == 0 || st.Forgotten == 0 || st.Queued+st.Kept+int(st.Dropped+st.Forgotten) != n {
		t.Errorf("%+v, want %d events in all, some of them dropped", st, n)
	}
	if q, k := f.all[a].queue.bytes, f.all[a].kept.bytes; q > maxBytes || k > maxBytes {
		t.Errorf("%d bytes wait and %d are kept, want at most %d", q, k, maxBytes)
	}
	batch, _ := f.all[a].Next(f.now)
	if len(batch) == 0 || len(batch) > maxBody/(64<<10) {
		t.Errorf("a batch has %d events of 64 KiB, want at most a mebibyte", len(batch))
	}
	f.now = f.now.Add(keep + 1)
	f.happen(1, a)
	if got := f.all[a].Stats().Kept; got > 1 {
		t.Errorf("%d events are kept for too long", got)
	}
}
