package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// queueBound is what may wait for one socket: what Send takes, and a roster on top.
const queueBound = 256<<10 + 128<<10

// data returns data of about that many bytes.
func data(size int, n int) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"n":%d,"x":%q}`, n, strings.Repeat("x", size)))
}

// flood has a member change its data so many times, one diff each, and returns
// the most bytes that ever waited for the sockets of the node.
func (b *tab) flood(n *virtual, channel string, times int) (most int64) {
	for i := range times {
		b.send(client.Request{Type: "update", Channel: channel, Data: data(3000, i)})
		time.Sleep(batch)
		synctest.Wait()
		most = max(most, n.acceptor.Stats().Queued.Load())
	}
	return most
}

func TestSlowFollowerDelaysNobodyAndCatchesUp(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		slow, quick, talker := w.open(n, "slow"), w.open(n, "quick"), w.open(n, "talker")
		quick.watch("room")
		slow.watch("room")
		talker.join("room")
		time.Sleep(time.Second)

		slow.stall(true)
		start := time.Now()
		if most := talker.flood(n, "room", 300); most == 0 || most > queueBound { // 900 KB
			t.Errorf("%d bytes waited, want some, and at most %d", most, queueBound)
		}
		gone := w.open(n, "gone while it slept")
		gone.join("room")
		gone.bye()
		w.open(n, "new").join("room")
		time.Sleep(batch)
		synctest.Wait()
		if got := len(quick.all("diff")); got < 300 {
			t.Errorf("the quick follower had %d diffs after %v, want 300", got, time.Since(start))
		}
		if time.Since(start) > 10*time.Second {
			t.Fatalf("the flood took %v", time.Since(start))
		}

		slow.stall(false)
		time.Sleep(time.Second)
		slow.wantUsers("room", "talker", "new")
		slow.wantSound() // no diff was missed unseen
		if rosters := len(slow.all("roster")); rosters != 2 {
			t.Errorf("the slow follower got %d rosters, want one more than the first", rosters)
		}
		slow.join("room")
		w.open(n, "last").join("room")
		time.Sleep(settled)
		slow.wantUsers("room", "talker", "new", "slow", "last")
		quick.wantUsers("room", "talker", "new", "slow", "last")
		slow.wantSound()
		quick.wantSound()
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.stats.Resyncs == 0 {
			t.Error("no resync was counted")
		}
	})
}

// One that answers pings but reads nothing would be let be by the pings.
func TestFollowerThatNeverReadsIsClosed(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		n := w.cluster(1)[0]
		talker := w.open(n, "talker")
		talker.join("room")
		stuck := w.open(n, "stuck")
		stuck.join("room")
		stuck.stall(true)
		for range 60 {
			stuck.send(client.Request{Type: "pong"})
			if most := talker.flood(n, "room", 25); most > queueBound {
				t.Errorf("%d bytes waited, want at most %d", most, queueBound)
			}
		}
		if st := n.acceptor.Stats(); st.Open.Load() != 1 || st.Queued.Load() != 0 || st.Stuck.Load() != 1 {
			t.Errorf("%d sockets are open, %d bytes wait, %d were stuck; want 1, 0, 1", st.Open.Load(), st.Queued.Load(), st.Stuck.Load())
		}
		talker.wantUsers("room", "talker")
		stuck.stall(false)
		<-stuck.over
	})
}

// A client that asks for more than it reads: each answer comes, in order, however
// long it takes it to read, and no more than a bound of them waits.
func TestAnswersToASlowClientComeInOrder(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		n := w.cluster(1)[0]
		const channels = 24
		var talkers []*tab
		for i := range 12 { // rosters of 36 KB
			b := w.open(n, fmt.Sprint("member-", i))
			for c := range channels {
				b.do(client.Request{Type: "join", Channel: fmt.Sprint("room.", c), Data: data(3000, i)})
			}
			talkers = append(talkers, b)
		}
		slow := w.open(n, "slow")
		slow.watch("aside")
		talkers[0].join("aside")
		slow.stall(true)
		for range 3 {
			var requests []client.Request
			for c := range channels {
				channel := fmt.Sprint("room.", c)
				requests = append(requests, client.Request{Type: "watch", Channel: channel}, client.Request{Type: "sync", Channel: channel},
					client.Request{Type: "update", Channel: channel, Data: data(10, 1)}, client.Request{Type: "sync", Channel: channel})
			}
			slow.ask(requests...)
			for i, b := range talkers {
				b.send(client.Request{Type: "update", Channel: fmt.Sprint("room.", i%channels), Data: data(3000, i+1)})
			}
			talkers[0].flood(n, "aside", 10)
			time.Sleep(2 * time.Second)
			if waits := n.acceptor.Stats().Queued.Load(); waits > queueBound {
				t.Errorf("%d bytes wait, want at most %d", waits, queueBound)
			}
			if held := n.held(); held > 128<<10 {
				t.Errorf("%d bytes are held for answers before them", held)
			}
		}
		gone := w.open(n, "gone")
		gone.join("aside")
		gone.bye()
		w.open(n, "new").join("aside")
		slow.stall(false)
		w.until("every answer came", time.Minute, func() bool { return slow.unanswered() == 0 })
		time.Sleep(settled)
		slow.wantUsers("aside", "member-0", "new") // of which it missed diffs while it had answers to come
		slow.wantSound()
		for c := range channels {
			channel := fmt.Sprint("room.", c)
			if got := len(slow.users(channel)); got != len(talkers) {
				t.Errorf("the slow client sees %d members of %s, want %d", got, channel, len(talkers))
			}
		}
	})
}

// held returns how many bytes wait in the slots of all connections.
func (n *virtual) held() (bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		c.mu.Lock()
		for _, s := range c.slots {
			for _, f := range s.frames {
				bytes += len(f)
			}
		}
		c.mu.Unlock()
	}
	return bytes
}

func TestFloodOfRequestsIsClosed(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.Rate = Rate{maxRate, maxBurst} })[0]
		b := w.open(n, "alice")
		b.join("room")
		flood := func(frames int) {
			for range frames {
				b.ask(slices.Repeat([]client.Request{{Type: "sync", Channel: "room"}}, 200)...)
			}
		}
		flood(maxSlots / 200)
		w.until("every answer came", time.Minute, func() bool { return b.unanswered() == 0 })
		b.wantSound()
		flood(2 * maxSlots / 200)
		b.wantClosed(time.Minute, protocol.CloseOverload)
	})
}
