package node

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

func TestFirstChangeGoesAtOnceAndTheNextTogether(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		watcher := w.watchers("room", n)[0]
		var tabs []*tab
		for i := range 10 {
			tabs = append(tabs, w.open(n, fmt.Sprint("user-", i)))
		}
		time.Sleep(time.Second)
		start := time.Now()
		for _, b := range tabs {
			b.send(client.Request{Type: "join", Channel: "room"})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(settled)
		diffs := watcher.all("diff")
		if len(diffs) != 2 || len(diffs[0].Join) != 1 || len(diffs[1].Join) != 9 {
			t.Fatalf("ten joins in 10ms came in %d diffs, want one of 1 and one of 9", len(diffs))
		}
		w.wantAfter("the first", start, diffs[0].at, 0, 0)
		w.wantAfter("the others", start, diffs[1].at, batch, 0)
		watcher.wantSound()
	})
}

func TestManyFollowersMakeALongerBatch(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		watcher, bob := w.watchers("room", n)[0], w.open(n, "bob")
		n.mu.Lock()
		f := n.fans["room"]
		f.own()
		for len(f.live) < 10_000 { // who are gone, so that it costs the test nothing
			f.live = append(f.live, &follow{conn: &conn{}, fan: f, gone: true, place: len(f.live)})
		}
		n.mu.Unlock()
		time.Sleep(time.Second)
		start := time.Now()
		bob.send(client.Request{Type: "join", Channel: "room"})
		time.Sleep(time.Millisecond)
		bob.send(client.Request{Type: "leave", Channel: "room"})
		time.Sleep(time.Second)
		diffs := watcher.all("diff")
		if len(diffs) != 2 {
			t.Fatalf("%d diffs, want the join and the leave", len(diffs))
		}
		w.wantAfter("the leave", start, diffs[1].at, 10_000*batchEach, 0)
		n.mu.Lock()
		defer n.mu.Unlock()
		f.own()
		f.live = f.live[:1]
	})
}

func TestFanThatFallsBehindGathersChanges(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		watcher, bob := w.watchers("room", n)[0], w.open(n, "bob")
		bob.join("room")
		time.Sleep(time.Second)
		n.mu.Lock()
		f := n.fans["room"]
		n.mu.Unlock()
		delivering := func(is bool) (waiting int) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.delivering = is
			return len(f.jobs)
		}
		delivering(true) // as if somebody were at it, and slow
		for i := range 100 {
			bob.send(client.Request{Type: "update", Channel: "room", Data: fmt.Appendf(nil, `{"i":%d}`, i)})
			time.Sleep(batch)
		}
		if waiting := delivering(false); waiting != maxJobs {
			t.Errorf("%d jobs wait, want %d", waiting, maxJobs)
		}
		f.deliver() // goes on
		time.Sleep(settled)
		watcher.wantSound()
		if got := len(watcher.all("diff")); got != 1+maxJobs+1 {
			t.Errorf("%d diffs, want that of the join, those that waited, and one of what was gathered", got)
		}
	})
}

func TestChangeUndoneWithinABatchIsNotTold(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		nodes := w.cluster(2)
		watchers := w.watchers("room", nodes...)
		alice, bob := w.open(nodes[0], "alice"), w.open(nodes[0], "bob")
		time.Sleep(time.Second)
		alice.send(client.Request{Type: "join", Channel: "room"})
		synctest.Wait()
		bob.ask(client.Request{Type: "join", Channel: "room"}, client.Request{Type: "leave", Channel: "room"},
			client.Request{Type: "sync", Channel: "room"})
		for _, b := range watchers {
			b.wantNews("room join of alice")
			b.wantSound()
		}
		bob.wantSound()
		if len(bob.all("roster")) != 1 || len(bob.all("ok")) != 1 || len(bob.all("error")) != 1 {
			t.Error("join, leave and sync were not answered by roster, ok and error")
		}
	})
}

// What was asked for before a leave is answered before it, each request in its own way,
// although nobody is left who follows the channel.
func TestLeaveComesAfterTheRostersAskedForBefore(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		n := w.cluster(1)[0]
		b := w.open(n, "alice")
		ask := func(requests, answers string) {
			var all []client.Request
			for kind := range strings.FieldsSeq(requests) {
				all = append(all, client.Request{Type: kind, Channel: "room"})
			}
			ids := b.ask(all...)
			time.Sleep(time.Second)
			for i, want := range strings.Fields(answers) {
				if got := b.answer(ids[i]); got == nil || got.Type != want {
					t.Errorf("%s: request %d is answered %+v, want %s", requests, i+1, got, want)
				}
			}
			b.wantSound()
		}
		ask("watch sync sync leave", "roster roster roster ok")
		ask("join sync leave leave join", "roster roster ok ok roster")
		b.wantUsers("room", "alice")
		// Who says goodbye is owed answers, but no rosters.
		ask("sync sync leave sync bye", "roster ok ok error ok")
		b.wantClosed(time.Second, protocol.CloseNormal)
	})
}

// What is too much for one message goes in several, and no version is left out.
func TestLargeDiffComesInParts(t *testing.T) {
	inWorld(t, 5, func(w *world) {
		const users = protocol.MaxEntries + 10
		nodes := w.cluster(2)
		watcher := w.watchers("room", nodes[0])[0]
		for i := range users {
			w.open(nodes[1], fmt.Sprint("user-", i)).send(client.Request{Type: "join", Channel: "room"})
		}
		time.Sleep(time.Second)
		if got := len(watcher.users("room")); got != users {
			t.Fatalf("%d users are seen, want %d", got, users)
		}
		watcher.seen()
		before := len(watcher.all("diff"))
		w.crash(nodes[1])
		time.Sleep(2 * vTimeout)
		if diffs := watcher.all("diff")[before:]; len(diffs) != 2 || len(diffs[0].Leave) > protocol.MaxEntries {
			t.Errorf("%d leaves came in %d diffs, want 2", users, len(diffs))
		}
		if left := watcher.seen(); len(left) != users {
			t.Errorf("%d leaves were told, want %d", len(left), users)
		}
		w.open(nodes[0], "new").join("room")
		time.Sleep(settled)
		watcher.wantUsers("room", "new")
		watcher.wantSound()
	})
}

// Followers of the count hear of every change, though at most once a second.
func TestCountFollowsWithinASecond(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		nodes := w.cluster(2)
		var counters []*tab
		for _, n := range nodes {
			b := w.open(n, "counter-"+n.host)
			b.do(client.Request{Type: "watch", Channel: "room", Mode: "count"})
			counters = append(counters, b)
		}
		time.Sleep(time.Second)
		for i := range 50 {
			b := w.open(nodes[i%2], fmt.Sprint("user-", i))
			b.join("room")
			if i%5 == 0 {
				b.bye()
			}
			time.Sleep(time.Duration(w.rng.IntN(200)) * time.Millisecond)
		}
		time.Sleep(countEvery + settled)
		for _, b := range counters {
			counts := b.all("count")
			if len(counts) < 3 || counts[len(counts)-1].Count != 40 {
				t.Fatalf("%s got %d counts, the last one of %d; want several, and 40", b.user, len(counts), counts[len(counts)-1].Count)
			}
			for i := 1; i < len(counts); i++ {
				if d := counts[i].at.Sub(counts[i-1].at); d < countEvery {
					t.Errorf("%s got two counts within %v", b.user, d)
				}
			}
			if len(b.all("diff")) > 0 || len(b.last("roster").Members) > 0 {
				t.Errorf("%s was told of members", b.user)
			}
		}
		told := len(counters[0].all("count"))
		time.Sleep(time.Minute)
		if len(counters[0].all("count")) != told {
			t.Error("a count was sent though nothing had changed")
		}
	})
}
