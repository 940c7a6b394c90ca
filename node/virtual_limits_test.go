package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// asks returns that many requests which change nothing.
func asks(n int) []client.Request {
	all := make([]client.Request, n)
	for i := range all {
		all[i] = client.Request{Type: "leave", Channel: fmt.Sprint("room.", i)}
	}
	return all
}

func TestBurstIsAnsweredAtOnceAndTheNextInItsTurn(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		b := w.open(n, "alice")
		time.Sleep(time.Minute)
		for _, tt := range []struct {
			requests int
			wait     time.Duration
		}{{199, 0}, {200, 0}, {201, 20 * time.Millisecond}, {250, time.Second}} {
			began := time.Now()
			b.ask(asks(tt.requests)...)
			w.until("every answer came", 10*time.Second, func() bool { return b.unanswered() == 0 })
			w.wantAfter(fmt.Sprintf("the last of %d answers", tt.requests), began, time.Now(), tt.wait, 15*time.Millisecond)
			time.Sleep(time.Minute)
		}
	})
}

func TestClientThatIsHeldBackIsNotSilent(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		// It is held back for far longer than its timeout, and nothing is read meanwhile.
		nodes := w.cluster(2, func(c *Config) {
			c.Interval, c.Timeout, c.Rate = 500*time.Millisecond, time.Second, Rate{4, 1}
		})
		watcher, b := w.open(nodes[1], "watcher"), w.open(nodes[0], "alice")
		time.Sleep(5 * time.Second)
		watcher.watch("room")
		b.join("room")
		watcher.wantNews("room join of alice")
		time.Sleep(5 * time.Second)
		began := time.Now()
		b.setMute(true) // its pongs would come behind
		b.ask(asks(18)...)
		w.until("every answer came", 10*time.Second, func() bool { return b.unanswered() == 0 })
		b.setMute(false)
		w.wantAfter("the last answer", began, time.Now(), 4*time.Second, time.Second)
		time.Sleep(time.Minute)
		watcher.wantNews()
		watcher.wantUsers("room", "alice")
	})
}

func TestFloodIsClosedAfterFiveSecondsAndDelaysNobody(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		n := w.cluster(1)[0]
		b, other := w.open(n, "flooder"), w.open(n, "other")
		other.watch("room")
		b.join("room")
		other.wantNews("room join of flooder")
		began := time.Now()
		over := make(chan struct{})
		go func() {
			defer close(over)
			for {
				b.send(client.Request{Type: "time"})
				select {
				case <-b.over:
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
		for range 10 {
			asked := time.Now()
			other.do(client.Request{Type: "sync", Channel: "room"})
			w.wantAfter("an answer to another", asked, time.Now(), 0, 30*time.Millisecond)
		}
		b.wantClosed(time.Minute, protocol.CloseOverload)
		// The burst is gone after 200ms.
		w.wantAfter("closed", began, time.Now(), paceTime+200*time.Millisecond, 100*time.Millisecond)
		if e := b.last("error"); e == nil || e.Code != string(protocol.RateLimited) {
			t.Errorf("the last error is %v, want %s", e, protocol.RateLimited)
		}
		if rate := len(b.all("time")); rate < 400 || rate > 480 {
			t.Errorf("%d answers, want the burst of 200 and 50 a second", rate)
		}
		<-over
		time.Sleep(vGrace)
		other.wantNews("room leave of flooder closed")
		if paced, tooFast := n.paced.Load(), n.limited.read()[string(limitRate)]; paced < 200 || tooFast != 1 {
			t.Errorf("counted %d requests that waited and %d sockets, want the flood and 1", paced, tooFast)
		}
	})
}

// A node that is killed by a signal must not wait for one that is held back.
func TestNodeStopsWhileAClientIsHeldBack(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.Rate = Rate{1, 1} })[0]
		b := w.open(n, "alice")
		b.send(asks(1)[0], asks(1)[0], asks(1)[0], asks(1)[0])
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		n.stop()
		<-n.done
		w.wantAfter("stopped", began, time.Now(), 0, stopTime+time.Second)
	})
}

func TestLimitOfSessionsIsCounted(t *testing.T) {
	inWorld(t, 5, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.MaxSessions, c.MaxUserSessions = 3, 2 })[0]
		for range 2 {
			w.open(n, "alice")
		}
		for range 5 {
			b := w.dial(n, "alice")
			b.hello(client.Hello{Token: w.token("alice", time.Hour)})
			b.wantClosed(time.Second, protocol.CloseOverload)
		}
		w.open(n, "bob")
		began := time.Now()
		w.dial(n, "silent").wantClosed(time.Minute, protocol.CloseOverload)
		w.wantAfter("a socket that says no hello is closed by a full node", began, time.Now(), fullTime, vSweep)
		n.mu.Lock()
		defer n.mu.Unlock()
		met := n.limited.read()
		if met[string(limitUserSessions)] != 5 || met[string(limitSessions)] != 1 || len(n.sessions) != 3 {
			t.Errorf("%v limits met, %d sessions; want 5 of a user, 1 of the node, 3", met, len(n.sessions))
		}
	})
}
