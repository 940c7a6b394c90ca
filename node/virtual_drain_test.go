package node

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

const vDrain = 10 * time.Second

// draining is a cluster whose nodes drain.
func (w *world) draining(size int) []*virtual {
	w.Helper()
	return w.cluster(size, func(c *Config) { c.Drain = vDrain })
}

// delay waits for the node's drain, and returns when the client is to go.
func (b *tab) delay() time.Duration {
	b.w.Helper()
	b.w.until(b.user+" is told to go", time.Second, func() bool { return b.last("drain") != nil })
	if n := len(b.all("drain")); n != 1 {
		b.w.Errorf("%s is told %d times to go, want once", b.user, n)
	}
	return time.Duration(b.last("drain").Delay) * time.Millisecond
}

// move does what a client does that obeys: it opens the new socket, and then closes the old.
func (b *tab) move(to *virtual, channel string) *tab {
	b.w.Helper()
	next := b.w.openAs(to, b.user, client.Hello{Token: b.w.token(b.user, time.Hour), Resume: b.last("welcome").Session})
	next.join(channel)
	b.cut()
	return next
}

// life returns what a node knows of another.
func (n *virtual) life(of *virtual) (state gossip.State, life gossip.Life) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p := range n.core.Gossip.Peers() {
		if p.ID == of.id {
			return p.State, p.Life
		}
	}
	return 0, 0
}

func (n *virtual) counted() (counters, uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stats, n.core.View.Stats().SuppressedLeaves
}

func TestDrainingNodeTellsEachClientAMomentOfItsOwn(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.draining(2)
		leaving := nodes[1]
		const n = 40
		tabs := make([]*tab, n)
		for i := range tabs {
			tabs[i] = w.open(leaving, fmt.Sprint("user-", i))
		}
		stopped := time.Now()
		leaving.stop()
		var delays []time.Duration
		for _, b := range tabs {
			delays = append(delays, b.delay())
			w.wantAfter("drain", stopped, b.last("drain").at, 0, 0)
		}
		slices.Sort(delays)
		for i, d := range delays {
			if want := vDrain * 3 / 4 * time.Duration(i) / n; (d - want).Abs() > time.Millisecond {
				t.Errorf("client %d of %d is to go after %v, want %v", i, n, d, want)
			}
		}
		if status, body := leaving.get("/readyz"); status != http.StatusServiceUnavailable || body != "draining" || leaving.Ready() {
			t.Errorf("/readyz of a draining node answers %d %s", status, body)
		}
		if status, _ := leaving.get("/healthz"); status != http.StatusOK {
			t.Errorf("/healthz of a draining node answers %d", status)
		}
		if state, life := nodes[0].life(leaving); state != gossip.Here || life != gossip.Draining {
			t.Errorf("a peer takes the draining node for %v, %v", state, life)
		}
		if told, _ := leaving.counted(); told.Drained != n {
			t.Errorf("%d clients counted as drained, want %d", told.Drained, n)
		}
	})
}

func TestClientsThatObeyAreSeenByNobodyAndEndTheDrainingEarly(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		nodes := w.draining(3)
		watchers := w.watchers("room", nodes[:2]...)
		leaving := nodes[2]
		users := []string{"ann", "ben", "cyd", "dan"}
		tabs := map[string]*tab{}
		for _, user := range users {
			tabs[user] = w.open(leaving, user)
			tabs[user].join("room")
		}
		for _, b := range watchers {
			b.wantNews("room join of ann", "room join of ben", "room join of cyd", "room join of dan")
		}
		leaving.stop()
		last := time.Now()
		byDelay := slices.SortedFunc(slices.Values(users), func(a, b string) int { return int(tabs[a].delay() - tabs[b].delay()) })
		began := last
		for i, user := range byDelay {
			time.Sleep(time.Until(began.Add(tabs[user].delay())))
			select {
			case <-tabs[user].over:
				t.Errorf("%s was cut off before its time", user)
			default:
			}
			old := tabs[user]
			tabs[user] = old.move(nodes[i%2], "room")
			last = time.Now()
		}
		<-leaving.done
		w.wantAfter("Run returned", last, time.Now(), 0, 2*stopTime)
		if d := last.Sub(began); d < vDrain/2 || d > vDrain*3/4 {
			t.Errorf("the last client went after %v of %v", d, vDrain)
		}
		if counted, _ := leaving.counted(); counted.Drained != 4 || counted.HandedOver != 4 || counted.Forced != 0 {
			t.Errorf("counted %+v", counted)
		}
		if state, _ := nodes[0].life(leaving); state != gossip.Gone {
			t.Errorf("a peer takes the node that said goodbye for %v", state)
		}
		time.Sleep(time.Minute)
		for _, b := range watchers {
			b.wantNews()
			b.wantUsers("room", users...)
			b.wantSound()
		}
	})
}

func TestWhoStaysToTheEndIsClosedThenAndHasTheGrace(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		nodes := w.draining(3)
		watchers := w.watchers("room", nodes[:2]...)
		leaving := nodes[2]
		returns, stays := w.open(leaving, "returns"), w.open(leaving, "stays")
		returns.join("room")
		stays.join("room")
		for _, b := range watchers {
			b.wantNews("room join of returns", "room join of stays")
		}
		stopped := time.Now()
		leaving.stop()
		time.Sleep(vDrain - time.Millisecond)
		if state, life := nodes[0].life(leaving); state != gossip.Here || life != gossip.Draining {
			t.Errorf("a peer takes the draining node for %v, %v", state, life)
		}
		stays.do(client.Request{Type: "time"}) // still served
		for _, b := range []*tab{returns, stays} {
			b.wantClosed(time.Second, protocol.CloseGoingAway)
		}
		w.wantAfter("closed", stopped, time.Now(), vDrain, 0)
		time.Sleep(10 * time.Millisecond) // the goodbye is under way
		if state, _ := nodes[0].life(leaving); state != gossip.Gone {
			t.Errorf("a peer takes the node that said goodbye for %v", state)
		}
		time.Sleep(vGrace - 200*time.Millisecond)
		w.open(nodes[0], "returns").join("room")
		<-leaving.done
		w.wantAfter("Run returned", stopped, time.Now(), vDrain, 2*stopTime)
		if counted, _ := leaving.counted(); counted.Drained != 2 || counted.Forced != 2 || counted.HandedOver != 0 {
			t.Errorf("counted %+v", counted)
		}
		time.Sleep(time.Minute)
		for i, b := range watchers {
			left := b.wantNews("room leave of stays closed")
			w.wantAfter("leave", stopped, left[0].at, vDrain+vGrace, 2*vTick)
			b.wantUsers("room", "returns")
			b.wantSound()
			if _, suppressed := nodes[i].counted(); suppressed != 1 {
				t.Errorf("node %d counts %d suppressed leaves, want 1", i, suppressed)
			}
		}
	})
}

func TestDrainingNodeServesWhoIsThere(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		nodes := w.draining(2)
		leaving := nodes[1]
		alice, bob := w.open(leaving, "alice"), w.open(nodes[0], "bob")
		leaving.stop()
		alice.delay()
		time.Sleep(vDrain / 2)
		alice.join("room")
		bob.join("room")
		bob.wantUsers("room", "alice", "bob")
		alice.wantNews("room join of bob")
		bob.do(client.Request{Type: "leave", Channel: "room"})
		alice.wantNews("room leave of bob left")
		alice.do(client.Request{Type: "status", Status: "busy"})
		alice.bye()
		alice.wantClosed(time.Second, protocol.CloseNormal)
		said := time.Now()
		<-leaving.done // its last client is gone
		w.wantAfter("Run returned", said, time.Now(), 0, 2*stopTime)
		alice.wantSound()
	})
}

func TestDrainingNodeLetsNobodyIn(t *testing.T) {
	inWorld(t, 5, func(w *world) {
		n := w.draining(1)[0]
		stays, quiet := w.open(n, "stays"), w.dial(n, "opened before")
		n.stop()
		stays.delay()
		quiet.wantClosed(time.Second, protocol.CloseGoingAway)
		late := w.dial(n, "late")
		late.hello(client.Hello{Token: w.token("late", time.Hour)})
		late.wantClosed(time.Second, protocol.CloseGoingAway)
		for _, b := range []*tab{quiet, late} {
			if e := b.last("error"); e == nil || e.Code != string(protocol.Draining) {
				t.Errorf("%s was told %v, want an error that says draining", b.user, e)
			}
			if b.last("welcome") != nil || b.last("drain") != nil {
				t.Errorf("%s was welcome", b.user)
			}
		}
		stays.wantClosed(vDrain+time.Second, protocol.CloseGoingAway)
	})
}

// The hello waits for the node to know its cluster, which it never will.
func TestDrainingKeepsNoHelloWaiting(t *testing.T) {
	inWorld(t, 6, func(w *world) {
		n := w.deaf(func(c *Config) { c.Drain = vDrain })
		b := w.dial(n, "alice")
		b.send(map[string]any{"type": "hello", "id": 7, "token": w.token("alice", time.Hour)})
		time.Sleep(1500 * time.Millisecond)
		stopped := time.Now()
		n.stop()
		b.wantClosed(time.Second, protocol.CloseGoingAway)
		w.wantAfter("closed", stopped, time.Now(), 0, 0)
		if e := b.last("error"); e == nil || e.Code != string(protocol.Draining) || e.ID != 7 {
			t.Errorf("alice was told %v, want an error that says draining", e)
		}
		<-n.done
		w.wantAfter("Run returned", stopped, time.Now(), 0, 2*stopTime)
		n.wantNothingLeft(w)
	})
}

func TestNobodyToMoveIsNothingToWaitFor(t *testing.T) {
	inWorld(t, 7, func(w *world) {
		nodes := w.draining(2)
		for _, n := range nodes { // the last one is alone
			stopped := time.Now()
			n.stop()
			<-n.done
			w.wantAfter("Run returned", stopped, time.Now(), 0, 2*stopTime)
		}
	})
}

func TestDrainingWaitsForNoClientThatReadsNothing(t *testing.T) {
	inWorld(t, 8, func(w *world) {
		n := w.draining(1)[0]
		w.open(n, "reads nothing").join("room")
		w.net.Cut(n.host+":8080", "127.0.1.1:1")
		stopped := time.Now()
		n.stop()
		<-n.done
		w.wantAfter("Run returned", stopped, time.Now(), vDrain, 2*stopTime)
		n.wantNothingLeft(w)
		w.net.Heal(n.host+":8080", "127.0.1.1:1")
	})
}
