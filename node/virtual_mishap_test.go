package node

import (
	"log/slog"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// mishap is a cluster of three: alice is on the last node, and on the others somebody watches.
func (w *world) mishap(tune ...func(*Config)) (victim *virtual, alice *tab, watchers []*tab) {
	w.Helper()
	nodes := w.cluster(3, tune...)
	victim, watchers = nodes[2], w.watchers("room", nodes[:2]...)
	alice = w.open(victim, "alice")
	alice.join("room")
	for _, b := range watchers {
		b.wantNews("room join of alice")
	}
	return victim, alice, watchers
}

// heard returns how many messages the client was sent.
func (b *tab) heard() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.messages)
}

func TestShortFreezeIsUnseen(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		victim, alice, watchers := w.mishap()
		for range 5 {
			time.Sleep(time.Duration(w.rng.Int64N(int64(2 * vInterval))))
			thaw := victim.Freeze()
			time.Sleep(vTimeout - vInterval - 100*time.Millisecond)
			thaw()
		}
		time.Sleep(time.Minute)
		for _, b := range watchers {
			b.wantNews()
			b.wantUsers("room", "alice")
			b.wantSound()
		}
		alice.wantNews()
		alice.wantSound()
	})
}

func TestClientsAreTalkedToRightAfterAPause(t *testing.T) {
	inWorld(t, 7, func(w *world) {
		node := w.cluster(1)[0]
		alice := w.open(node, "alice")
		for range 20 {
			time.Sleep(time.Duration(w.rng.Int64N(int64(2 * vInterval))))
			thaw := node.Freeze()
			time.Sleep(vTimeout - vInterval - 100*time.Millisecond)
			heard := alice.heard()
			thaw()
			time.Sleep(node.tick() + 10*time.Millisecond)
			if alice.heard() == heard {
				t.Error("a client heard nothing after a pause, and may be about to give the node up")
			}
		}
	})
}

func TestLongFreezeIsANodeLostThatComesBackByItself(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		victim, alice, watchers := w.mishap()
		w.open(w.nodes[0], "bob").join("room")
		for _, b := range append(watchers, alice) {
			b.wantNews("room join of bob")
		}
		time.Sleep(time.Duration(w.rng.Int64N(int64(vInterval))))
		began := time.Now()
		thaw := victim.Freeze()
		heard, ran := alice.heard(), victim.clock()
		answers := alice.ask(client.Request{Type: "time"}, client.Request{Type: "sync", Channel: "room"}, client.Request{Type: "nonsense"})
		for range 5 * 60 { // memberlist has no reason to forget the node, as it still answers over TCP
			time.Sleep(time.Second)
			victim.Nodes() // asked by an operator: that must not move its clock
		}
		for _, b := range watchers {
			left := b.wantNews("room leave of alice node_lost")
			w.wantAfter("leave", began, left[0].at, vTimeout-vInterval, vInterval+500*time.Millisecond)
		}
		for _, id := range answers {
			if m := alice.answer(id); m != nil {
				t.Errorf("a frozen node answered %+v", m)
			}
		}
		if n := alice.heard(); n != heard {
			t.Errorf("a frozen node sent %d messages", n-heard)
		}
		thaw()
		time.Sleep(time.Second)
		if ran = victim.clock() - ran; ran > 5*time.Second {
			t.Errorf("the node was frozen, and says that it ran for %v", ran)
		}
		for _, b := range watchers {
			w.until("alice is back by herself", time.Minute, func() bool { return len(b.users("room")) == 2 })
			b.wantNews("room join of alice")
			b.wantSound()
		}
		time.Sleep(time.Minute)
		for _, b := range append(watchers, alice) {
			b.wantNews() // alice's node, too, has not given up the others because it was asleep
			b.wantUsers("room", "alice", "bob")
		}
		if alice.last("time") == nil {
			t.Error("the node went on and answered nothing that had waited")
		}
	})
}

func TestFirstThawEndsAFreezeAndNoOther(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		n := w.cluster(1)[0]
		asks := w.open(n, "alice")
		frozen := func() bool {
			id := asks.ask(client.Request{Type: "time"})[0]
			time.Sleep(settled)
			return asks.answer(id) == nil
		}
		first, second := n.Freeze(), n.Freeze()
		if !frozen() {
			t.Error("frozen twice, the node answers")
		}
		second()
		if frozen() {
			t.Error("thawed once, the node is still frozen")
		}
		third := n.Freeze()
		first()
		second()
		if !frozen() {
			t.Error("the thaw of an earlier freeze ended a later one")
		}
		third()
		third()
		if frozen() {
			t.Error("the node does not go on")
		}
	})
}

func TestStoppingAFrozenNodeThawsIt(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		victim, alice, watchers := w.mishap()
		victim.Freeze()
		time.Sleep(time.Second)
		stopped := time.Now()
		victim.stop()
		alice.wantClosed(time.Second, protocol.CloseGoingAway)
		<-victim.done
		w.wantAfter("Run returned", stopped, time.Now(), 0, 2*stopTime)
		for _, b := range watchers {
			time.Sleep(vGrace + time.Second)
			b.wantNews("room leave of alice closed")
		}
		victim.Freeze() // of a node that is over
		if victim.mishaps.frozen.Load() != nil {
			t.Error("a node that was stopped is frozen")
		}
	})
}

// cut is the close code of a socket that broke.
const cut = 0

func TestCrashIsAGoodbyeToNobody(t *testing.T) {
	for name, frozen := range map[string]bool{"running": false, "frozen": true} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 5, func(w *world) {
				victim, alice, watchers := w.mishap(func(c *Config) { c.Drain = vDrain })
				quiet := w.dial(victim, "says nothing")
				thaw := func() {}
				if frozen {
					thaw = victim.Freeze()
					time.Sleep(time.Second)
				}
				crashed := time.Now()
				victim.Crash()
				victim.Crash()
				alice.wantClosed(time.Second, cut)
				quiet.wantClosed(time.Second, cut)
				w.wantAfter("cut", crashed, time.Now(), 0, 0)
				thaw()
				<-victim.done
				w.wantAfter("Run returned", crashed, time.Now(), 0, 2*stopTime)
				if n := len(alice.all("drain")); n > 0 {
					t.Error("a node that crashed told a client to go")
				}
				time.Sleep(time.Minute)
				for _, b := range watchers {
					left := b.wantNews("room leave of alice node_lost")
					w.wantAfter("leave", crashed, left[0].at, vTimeout-vInterval-time.Second, vInterval+time.Second+500*time.Millisecond)
					b.wantSound()
				}
				victim.Freeze()()
			})
		})
	}
}

func TestCrashEndsADrain(t *testing.T) {
	inWorld(t, 6, func(w *world) {
		victim, alice, _ := w.mishap(func(c *Config) { c.Drain = vDrain })
		victim.stop()
		alice.delay()
		victim.Freeze() // too late
		crashed := time.Now()
		victim.Crash()
		alice.wantClosed(time.Second, cut)
		<-victim.done
		w.wantAfter("Run returned", crashed, time.Now(), 0, stopTime)
	})
}

func TestNodeThatCrashedBeforeRunServesNobody(t *testing.T) {
	n, err := New(Config{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Gossip: "127.0.0.1:0", Auth: testAuth,
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	n.Crash()
	if err := n.Run(t.Context()); err != nil { // or the test hangs
		t.Errorf("Run returned %v", err)
	}
	if _, err := n.listener.Accept(); err == nil {
		t.Error("the port is still bound")
	}
}
