package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// The pace of nodes in these tests, and how late a sweep of the sockets may be.
const (
	vInterval = 10 * time.Second
	vTimeout  = 13 * time.Second
	vGrace    = 3 * time.Second
	vTick     = vInterval / 50
	vSweep    = vInterval/10 + 2*vTick
)

// wantAfter fails the test unless so much time has passed since a moment, or at
// most slack more.
func (w *world) wantAfter(what string, since, at time.Time, wait, slack time.Duration) {
	w.Helper()
	if d := at.Sub(since); d < wait || d > wait+slack {
		w.Errorf("%s after %v, want %v to %v", what, d, wait, wait+slack)
	}
}

func TestSilentClientIsPingedAndThenGivenUp(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		watcher := w.open(nodes[1], "watcher")
		watcher.watch("room")
		time.Sleep(777 * time.Millisecond) // off the beat of the sweeps
		b := w.open(nodes[0], "alice")
		b.setMute(true)
		b.join("room")
		watcher.wantNews("room join of alice")
		time.Sleep(123 * time.Millisecond)
		b.send(client.Request{Type: "time"})
		last := time.Now()

		b.wantClosed(time.Minute, protocol.CloseSilent)
		w.wantAfter("closed", last, time.Now(), vTimeout, vSweep)
		left := watcher.wantNews("room leave of alice timeout")
		w.wantAfter("leave seen on the other node", last, left[0].at, vTimeout, vSweep)
		pings := b.all("ping")
		if len(pings) != 1 {
			t.Fatalf("%d pings, want 1", len(pings))
		}
		w.wantAfter("ping", last, pings[0].at, vInterval, vSweep)
	})
}

func TestClientThatAnswersPingsStays(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		nodes := w.cluster(2)
		watcher, b := w.open(nodes[1], "watcher"), w.open(nodes[0], "alice")
		watcher.watch("room")
		b.join("room")
		watcher.wantNews("room join of alice")
		time.Sleep(time.Hour)
		watcher.wantNews()
		watcher.wantUsers("room", "alice")
		least, most := int(time.Hour/(vInterval+vSweep)), int(time.Hour/vInterval)
		if n := len(b.all("ping")); n < least || n > most {
			t.Errorf("%d pings in an hour, want %d to %d", n, least, most)
		}
	})
}

func TestEveryFrameIsASignOfLife(t *testing.T) {
	frames := map[string]func(b *tab){
		"a pong unasked": func(b *tab) { b.send(client.Request{Type: "pong"}) },
		"an answered request": func(b *tab) {
			b.send(client.Request{Type: "time"})
		},
		"nonsense":         func(b *tab) { b.send([]int{}) },
		"a WebSocket ping": func(b *tab) { _ = b.sock.Ping(context.Background()) },
		"a WebSocket frame that is empty": func(b *tab) {
			_ = b.sock.Write(context.Background(), websocket.MessageText, nil)
		},
	}
	inWorld(t, 3, func(w *world) {
		w.cluster(1)
		tabs := map[string]*tab{}
		for name := range frames {
			tabs[name] = w.open(w.nodes[0], "alice")
			tabs[name].setMute(true)
		}
		for range 100 {
			time.Sleep(vTimeout - vTick)
			for name, send := range frames {
				send(tabs[name])
			}
		}
		for name, b := range tabs {
			select {
			case <-b.over:
				t.Errorf("%s: closed with %d", name, b.code)
			default:
			}
			if len(b.all("ping")) < 80 {
				t.Errorf("%s: %d pings, want one in each of 100 silences", name, len(b.all("ping")))
			}
		}
	})
}

// A client that talks all the time must be able to tell that the node lives, too.
func TestNodeThatHadNothingToSayPings(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		w.cluster(1)
		b := w.open(w.nodes[0], "alice")
		for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(time.Second) {
			b.send(client.Request{Type: "pong"})
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		for i := 1; i < len(b.messages); i++ {
			if d := b.messages[i].at.Sub(b.messages[i-1].at); d > vInterval+vSweep {
				t.Errorf("nothing was sent for %v, want at most %v", d, vInterval+vSweep)
			}
		}
		if len(b.messages) < 50 {
			t.Errorf("%d messages in ten minutes, want a ping each interval", len(b.messages))
		}
	})
}

func TestBrokenSocketLeavesAfterTheGrace(t *testing.T) {
	inWorld(t, 5, func(w *world) {
		nodes := w.cluster(3)
		watcher := w.open(nodes[2], "watcher")
		watcher.watch("room")
		back, gone := w.open(nodes[0], "back"), w.open(nodes[0], "gone")
		back.join("room")
		gone.join("room")
		watcher.wantNews("room join of back", "room join of gone")

		broke := time.Now()
		back.cut()
		gone.cut()
		time.Sleep(vGrace - vTick)
		back = w.open(nodes[1], "back")
		back.join("room")
		time.Sleep(time.Minute)
		left := watcher.wantNews("room leave of gone closed")
		w.wantAfter("leave", broke, left[0].at, vGrace, 2*vTick)
	})
}

func TestSocketWithoutHelloIsClosed(t *testing.T) {
	inWorld(t, 6, func(w *world) {
		w.cluster(1)
		opened := time.Now()
		w.dial(w.nodes[0], "nobody").wantClosed(time.Minute, protocol.CloseSilent)
		w.wantAfter("closed", opened, time.Now(), helloTime, vSweep)
	})
}

func TestTokenEndsAtItsExpiryAndLeeway(t *testing.T) {
	for _, tt := range []struct{ life, warned time.Duration }{
		{time.Minute, 48 * time.Second}, // a fifth of its life before
		{time.Hour, time.Hour - 30*time.Second},
	} {
		t.Run(fmt.Sprint(tt.life), func(t *testing.T) {
			inWorld(t, 7, func(w *world) {
				nodes := w.cluster(2)
				watcher := w.open(nodes[1], "watcher")
				watcher.watch("room")
				shown := time.Now().Truncate(time.Millisecond)
				b := w.openAs(nodes[0], "alice", client.Hello{Token: w.token("alice", tt.life)})
				b.join("room")
				watcher.wantNews("room join of alice")
				b.wantClosed(2*tt.life, protocol.CloseUnauthorized)
				w.wantAfter("closed", shown, time.Now(), tt.life+5*time.Second, vSweep)
				left := watcher.wantNews("room leave of alice expired")
				w.wantAfter("leave", shown, left[0].at, tt.life+5*time.Second, vSweep)
				warnings := b.all("expiring")
				if len(warnings) != 1 {
					t.Fatalf("%d warnings, want 1", len(warnings))
				}
				w.wantAfter("warning", shown, warnings[0].at, tt.warned, vSweep)
			})
		})
	}
}

func TestRenewedTokenMakesNoEvent(t *testing.T) {
	inWorld(t, 8, func(w *world) {
		nodes := w.cluster(2)
		watcher := w.open(nodes[1], "watcher")
		watcher.watch("room")
		b := w.openAs(nodes[0], "alice", client.Hello{Token: w.token("alice", time.Minute)})
		b.join("room")
		watcher.wantNews("room join of alice")
		for range 10 {
			time.Sleep(55 * time.Second)
			if ok := b.do(client.Request{Type: "token", Token: w.token("alice", time.Minute)}); ok.Type != "ok" || ok.Expires == 0 {
				t.Fatalf("a renewal is answered %+v", ok)
			}
		}
		watcher.wantNews()
		watcher.wantUsers("room", "alice")
		if n := len(b.all("expiring")); n != 10 {
			t.Errorf("%d warnings for 10 tokens", n)
		}
	})
}
