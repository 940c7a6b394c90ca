package node

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// deaf starts a node whose only seed is there and never answers.
func (w *world) deaf(tune ...func(*Config)) *virtual {
	w.Helper()
	seed := "127.0.0.99:7946"
	if _, err := w.net.Host(seed); err != nil {
		w.Fatal(err)
	}
	w.net.Cut("127.0.0.1:7946", seed)
	w.net.Cut(seed, "127.0.0.1:7946")
	return w.start(append(tune, func(c *Config) { c.Join = []string{seed} })...)
}

func TestHelloWaitsUntilTheNodeKnowsItsCluster(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n, started := w.deaf(), time.Now()
		if status, body := n.get("/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("/readyz answers %d %s before the node knows its cluster", status, body)
		}
		if status, _ := n.get("/healthz"); status != http.StatusOK {
			t.Errorf("/healthz answers %d, want 200 as long as the process works", status)
		}
		if status, body := n.get("/client.js"); status != http.StatusOK || !strings.Contains(body, "Rollcall") {
			t.Errorf("/client.js answers %d and %d bytes, want the script whatever the cluster", status, len(body))
		}
		b := w.dial(n, "alice")
		b.setMute(true)
		said := time.Now()
		b.hello(client.Hello{Token: w.token("alice", time.Hour)})
		w.until("alice is welcome", time.Minute, func() bool { return b.last("welcome") != nil })
		welcome := b.last("welcome").at
		if d := welcome.Sub(started); d < 2*time.Second || d > vTimeout+2*vTick {
			t.Errorf("welcome after %v, want it to wait for the seed, at most %v", d, vTimeout)
		}
		if status, body := n.get("/readyz"); status != http.StatusOK {
			t.Errorf("/readyz answers %d %s when the node knows its cluster", status, body)
		}
		pings := b.all("ping")
		if len(pings) == 0 {
			t.Fatal("no ping while hello waited")
		}
		w.wantAfter("first ping", said, pings[0].at, time.Second, 0)
		for i := 1; i < len(pings); i++ {
			w.wantAfter("next ping", pings[i-1].at, pings[i].at, vInterval, 0)
		}
		time.Sleep(vInterval - vTick) // that it was silent while it waited is not held against it
		b.join("room")
		b.wantUsers("room", "alice")
	})
}

// A crowd that comes to a node before it knows its cluster is let in later, but for those who
// had to make room: they are elsewhere by then.
func TestWhoIsTurnedAwayWhileHelloWaitsHasNoSession(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		n := w.deaf(func(c *Config) { c.system = system{files: 64} }) // 12 strangers
		say := func(user string) *tab {
			b := w.dial(n, user)
			b.setMute(true)
			b.hello(client.Hello{Token: w.token(user, time.Hour)})
			time.Sleep(10 * time.Millisecond)
			return b
		}
		first, last := say("first"), (*tab)(nil)
		for range 12 {
			last = say("another")
		}
		w.until("the first makes room for the last", time.Second, func() bool { return n.door.Stats().Crowded == 1 })
		<-first.over
		w.until("the last is welcome", time.Minute, func() bool { return last.last("welcome") != nil })
		if sessions := n.User("first").Sessions; len(sessions) > 0 {
			t.Errorf("who was turned away has the sessions %+v", sessions)
		}
	})
}

func TestStoppingNodeKeepsNobodyWaiting(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		n := w.deaf()
		b := w.dial(n, "alice")
		b.hello(client.Hello{Token: w.token("alice", time.Hour)})
		time.Sleep(1500 * time.Millisecond)
		stopped := time.Now()
		n.stop()
		b.wantClosed(time.Minute, 1001)
		w.wantAfter("closed", stopped, time.Now(), 0, 0)
		<-n.done
		w.wantAfter("Run returned", stopped, time.Now(), 0, 2*stopTime)
		n.wantNothingLeft(w)
	})
}
