package wiretest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

func TestByeIsSeenAtOnceAndClosedWith1000(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(quick, "watcher~")
	watcher.watch("a~")
	watcher.watch("b~")
	alice := w.hello(quick, "alice~")
	alice.join("a~", "alice~")
	alice.join("b~", "alice~")
	watcher.seesJoin("a~", "alice~")
	watcher.seesJoin("b~", "alice~")
	alice.send(`{"type":"bye","id":9}`, `{"type":"join","id":10,"channel":"c~"}`)
	alice.want(`{"type":"ok","id":9}`)
	alice.wantClose(1000)
	gone := map[string]string{}
	for range 2 {
		m := watcher.next()
		if m.Type != "diff" || len(m.Leave) != 1 {
			t.Fatalf("got %s, want a leave", m.text)
		}
		gone[m.Channel] = m.Leave[0].Reason
	}
	if want := map[string]string{w.own("a~"): "left", w.own("b~"): "left"}; fmt.Sprint(gone) != fmt.Sprint(want) {
		t.Errorf("got leaves %v, want %v", gone, want)
	}
	watcher.watch("c~") // nothing after bye was carried out
}

func TestCloseWithoutByeIsSeenAfterTheGrace(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(c *client){
		"closed in order":  func(c *client) { _ = c.write(opClose, true, []byte{0x03, 0xe9}) },
		"closed with 1000": func(c *client) { _ = c.write(opClose, true, []byte{0x03, 0xe8}) },
		"broken":           func(c *client) { c.conn.Close() },
		"out of protocol":  func(c *client) { _ = c.write(opBinary, true, nil) },
		"no WebSocket":     func(c *client) { _, _ = c.conn.Write(bytes.Repeat([]byte{0xff}, 64)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			watcher := w.hello(there, "watcher~")
			watcher.watch("room~")
			alice := w.hello(here, "alice~")
			alice.join("room~", "alice~")
			watcher.seesJoin("room~", "alice~")
			began := time.Now()
			end(alice)
			watcher.seesLeave("room~", "alice~", "closed")
			if took := time.Since(began); took < grace {
				t.Errorf("left after %v, want the grace of %v", took, grace)
			}
		})
	}
}

func TestReloadWithinTheGraceMakesNoEvent(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(there, "watcher~")
	watcher.watch("room~")
	alice, marker := w.hello(here, "alice~"), w.hello(here, "marker~")
	since := alice.join("room~", "alice~").Members[0].Since
	watcher.seesJoin("room~", "alice~")
	marker.join("room~", "alice~", "marker~")
	watcher.seesJoin("room~", "marker~")
	again, token := w.dial(here), w.token("alice~")
	alice.conn.Close()
	again.send(`{"type":"hello","token":"`+token+`"}`, `{"type":"join","channel":"room~"}`) // resumes nothing
	again.welcomed("alice~")
	m := again.next()
	again.wantMembers(m, "alice~", "marker~")
	for _, u := range m.Members {
		if u.User == w.own("alice~") && u.Since != since {
			t.Errorf("%s: since was %d", m.text, since)
		}
	}
	marker.conn.Close()
	watcher.seesLeave("room~", "marker~", "closed")
}

func TestWithoutGraceACloseIsSeenAtOnce(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(narrow, "watcher~")
	watcher.watch("room~")
	alice := w.hello(narrow, "alice~")
	alice.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	alice.conn.Close()
	watcher.seesLeave("room~", "alice~", "closed")
}

func TestPingComesWhenNothingElseDoes(t *testing.T) {
	w := newWorld(t)
	before := time.Now()
	c := w.hello(quick, "alice~")
	for range 3 {
		select {
		case p := <-c.pings:
			if at := time.UnixMilli(p.Time); at.Before(before) || at.After(time.Now()) {
				t.Errorf("got %s, want the time", p.text)
			}
		case <-time.After(patience):
			t.Fatal("no ping")
		}
	}
	if took := time.Since(before); took < 2*quickInterval {
		t.Errorf("3 pings within %v, want one an interval of %v", took, quickInterval)
	}
	c.alive()
}

func TestSilentSocketIsClosedWith4408(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(quick, "watcher~")
	watcher.watch("room~")
	c := w.hello(quick, "alice~")
	c.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	c.mute.Store(true)
	began := time.Now()
	c.alive() // for the last time
	c.wantClose(4408)
	watcher.seesLeave("room~", "alice~", "timeout")
	// A node that ticks late takes what came before for older by that, but never by more than
	// a tick counts at most: a tenth of its interval.
	if took := time.Since(began); took < quickTimeout-quickInterval/10 {
		t.Errorf("closed after %v of silence, want the timeout of %v", took, quickTimeout)
	}
}

func TestAnyFrameIsASignOfLife(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]struct {
		op   byte
		text string
	}{
		"a request":       {opText, `{"type":"state","state":"online"}`},
		"a bad request":   {opText, `{`},
		"an empty frame":  {opText, ``},
		"WebSocket ping":  {opPing, `x`},
		"WebSocket pong":  {opPong, ``},
		"unasked pong":    {opText, `{"type":"pong"}`},
		"a time question": {opText, `{"type":"time"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.hello(quick, "alice~")
			c.mute.Store(true)
			tick := time.NewTicker(quickInterval / 2)
			defer tick.Stop()
			for began := time.Now(); time.Since(began) < 2*quickTimeout; <-tick.C {
				_ = c.write(sign.op, true, []byte(sign.text))
			}
			for {
				select {
				case r := <-c.received:
					if r.closed != 0 {
						t.Fatalf("closed with %d", r.closed)
					}
					continue
				default:
				}
				break
			}
		})
	}
}

func TestTimeIsTold(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	before := time.Now().UnixMilli()
	m := c.ask(`{"type":"time","id":5}`, `{"type":"time","id":5,"time":"*"}`)
	if m.Time < before || m.Time > time.Now().UnixMilli() {
		t.Errorf("got %s, want the time", m.text)
	}
	c.ask(`{"type":"time"}`, `{"type":"time","time":"*"}`)
}

func TestTokenThatEndsIsWarnedOfAndThenClosedWith4401(t *testing.T) {
	t.Parallel()
	for _, anonymous := range []bool{false, true} {
		t.Run(fmt.Sprintf("anonymous allowed: %v", anonymous), func(t *testing.T) {
			w := newWorld(t)
			n := there
			if anonymous {
				n = open
			}
			watcher := w.hello(n, "watcher~")
			watcher.watch("lobby~")
			const life = 8 * time.Second
			expires := time.Now().Add(life).Truncate(time.Millisecond)
			alice := w.hello(n, "alice~", func(c *auth.Claims) { c.Expires = expires })
			alice.join("lobby~", "alice~")
			watcher.seesJoin("lobby~", "alice~")
			alice.want(fmt.Sprintf(`{"type":"expiring","expires":%d}`, expires.UnixMilli()))
			if early := time.Until(expires); early > life/5 {
				t.Errorf("warned %v before, of a life of %v", early, life)
			}
			alice.wantClose(4401)
			if late := time.Since(expires); late < time.Second { // the leeway
				t.Errorf("closed %v after its end, before the leeway of 1s was over", late)
			}
			watcher.seesLeave("lobby~", "alice~", "expired")
		})
	}
}
