package wiretest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// owned makes the channels of a token the test's own.
func (w *world) owned(channels ...string) func(*auth.Claims) {
	for i := range channels {
		channels[i] = w.own(channels[i])
	}
	return withChannels(channels...)
}

func TestRenewedTokenMakesNoEvent(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(here, "bob~")
	alice.join("room~", "alice~")
	bob.watch("room~", "alice~")
	expires := time.Now().Add(2 * time.Hour).Truncate(time.Millisecond)
	token := w.token("alice~", func(c *auth.Claims) { c.Expires = expires })
	alice.ask(`{"type":"token","id":2,"token":"`+token+`"}`, fmt.Sprintf(`{"type":"ok","id":2,"user":"alice~","expires":%d}`, expires.UnixMilli()))
	alice.roster("room~", "alice~")
	bob.roster("room~", "alice~")
}

func TestRenewedTokenKeepsTheSocketAlive(t *testing.T) {
	w := newWorld(t)
	soon := func(c *auth.Claims) { c.Expires = time.Now().Add(6 * time.Second) }
	renewed := w.hello(there, "alice~", soon)
	renewed.ask(`{"type":"token","id":2,"token":"`+w.token("alice~")+`"}`, `{"type":"ok","id":2,"user":"alice~","expires":"*"}`)
	marker := w.hello(there, "marker~", soon)
	r := marker.take()
	for r.closed == 0 { // expiring
		r = marker.take()
	}
	if r.closed != 4401 {
		t.Errorf("closed with %d, want 4401", r.closed)
	}
	renewed.alive() // though its first token was over before
}

func TestRefusedTokenChangesNothing(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.join("room~", "alice~")
	for token, code := range map[string]string{
		w.token("alice~", expired): "expired",
		w.token("bob~", expired):   "expired",
		"a.b.c":                    "unauthorized",
		signWith(t, "another secret, of 32 bytes or so", map[string]any{"username": "bob", "exp": inAnHour().Unix()}): "unauthorized",
	} {
		alice.send(`{"type":"token","id":2,"token":"` + token + `"}`)
		alice.wantError(2, code)
	}
	alice.ask(`{"type":"update","id":3,"channel":"room~","data":{"still":"here"}}`, `{"type":"ok","id":3}`)
	alice.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*","data":{"still":"here"}}]}`)
}

func TestTokenWithFewerRightsEndsWhatItDoesNotAllow(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(here, "bob~")
	alice.join("kept~", "alice~")
	alice.join("lost~", "alice~")
	alice.watch("unseen~")
	bob.watch("kept~", "alice~")
	bob.watch("lost~", "alice~")
	alice.send(`{"type":"token","id":2,"token":"` + w.token("alice~", w.owned("kept~")) + `"}`)
	alice.wantAll(
		`{"type":"ended","channel":"lost~","code":"forbidden"}`,
		`{"type":"ended","channel":"unseen~","code":"forbidden"}`)
	alice.want(`{"type":"ok","id":2,"user":"alice~","expires":"*"}`)
	bob.seesLeave("lost~", "alice~", "left")
	bob.roster("kept~", "alice~")
	alice.send(`{"type":"join","id":3,"channel":"lost~"}`)
	alice.wantError(3, "forbidden")
	bob.join("unseen~", "bob~") // of which she hears no more
	alice.roster("kept~", "alice~")
}

// wantAll awaits these messages, in any order.
func (c *client) wantAll(patterns ...string) {
	c.Helper()
	for len(patterns) > 0 {
		m := c.next()
		i := slices.IndexFunc(patterns, func(p string) bool { return matches(c.own(p), m.text) })
		if i < 0 {
			c.Fatalf("%s: got %s, want one of %v", c.name, m.text, patterns)
		}
		patterns = slices.Delete(patterns, i, i+1)
	}
}

func TestTokenThatAllowsOnlyToWatchEndsTheMembership(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.join("room~", "alice~")
	alice.send(`{"type":"token","id":2,"token":"` + w.token("alice~", withWatch(w.own("room~"))) + `"}`)
	alice.want(`{"type":"ended","channel":"room~","code":"forbidden"}`)
	alice.want(`{"type":"ok","id":2,"user":"alice~","expires":"*"}`)
	alice.watch("room~")
}

func TestTokenOfAnotherUserIsALogoutAndAJoin(t *testing.T) {
	w := newWorld(t)
	alice, watcher := w.hello(here, "alice~", withProfile(`{"of":"alice"}`)), w.hello(there, "watcher~")
	watcher.watch("kept~")
	watcher.watch("lost~")
	alice.send(`{"type":"join","channel":"kept~","data":{"of":"alice"}}`, `{"type":"join","channel":"lost~"}`)
	for range 2 { // rosters
		alice.next()
		watcher.next()
	}
	alice.send(`{"type":"token","id":2,"token":"` + w.token("bob~", w.owned("kept~")) + `"}`)
	kept := `{"type":"diff","channel":"kept~","version":"*","count":1,"join":[{"user":"bob~","since":"*"}],"leave":[{"user":"alice~","reason":"logout"}]}`
	watcher.wantAll(`{"type":"diff","channel":"lost~","version":"*","count":0,"leave":[{"user":"alice~","reason":"logout"}]}`, kept)
	alice.want(`{"type":"ended","channel":"lost~","code":"forbidden"}`)
	alice.wantSession(`{"type":"ok","id":2,"user":"bob~","expires":"*","session":"*"}`)
	alice.want(kept)
	alice.ask(`{"type":"update","id":3,"channel":"kept~","data":{"of":"bob"}}`, `{"type":"ok","id":3}`)
	watcher.want(`{"type":"diff","channel":"kept~","version":"*","count":1,"update":[{"user":"bob~","since":"*","data":{"of":"bob"}}]}`)
	alice.conn.Close()
	watcher.seesLeave("kept~", "bob~", "closed")
}

// wantSession awaits the answer that names another session than the one so far.
func (c *client) wantSession(pattern string) {
	c.Helper()
	m := c.want(pattern)
	if m.Session == c.session {
		c.Errorf("%s: got %s, want another session than %s", c.name, m.text, c.session)
	}
	c.session = m.Session
}

func TestSessionAfterATokenOfAnotherUserCanBeResumed(t *testing.T) {
	w := newWorld(t)
	c, watcher := w.hello(here, "alice~"), w.hello(here, "watcher~")
	c.send(`{"type":"token","id":2,"token":"` + w.token("bob~") + `"}`)
	c.wantSession(`{"type":"ok","id":2,"user":"bob~","expires":"*","session":"*"}`)
	c.join("room~", "bob~")
	watcher.watch("room~", "bob~")
	again := w.helloWith(there, "bob~", `,"resume":"`+c.session+`"`)
	again.join("room~", "bob~")
	c.wantClose(4409)
	watcher.alive() // and was told nothing
}

func TestRenewedProfileIsAnUpdate(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~", withProfile(`{"level":1}`))
	alice.join("room~", "alice~")
	alice.ask(`{"type":"token","id":2,"token":"`+w.token("alice~", withProfile(`{"level":2}`))+`"}`, `{"type":"ok","id":2,"user":"alice~","expires":"*"}`)
	alice.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*","profile":{"level":2}}]}`)
}

func TestLogoutWithoutAnonymousSocketsIsClosedWith1000(t *testing.T) {
	w := newWorld(t)
	alice, watcher := w.hello(here, "alice~"), w.hello(there, "watcher~")
	watcher.watch("room~")
	alice.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	alice.send(`{"type":"logout","id":2}`, `{"type":"join","id":3,"channel":"other~"}`)
	alice.want(`{"type":"ok","id":2,"user":null,"expires":null}`)
	alice.wantClose(1000)
	watcher.seesLeave("room~", "alice~", "logout")
	watcher.watch("other~")
}

func TestLogoutKeepsWatchesOfPublicChannelsOnly(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(open, "alice~", w.owned("room~", "seen~"))
	watcher := w.hello(open, "watcher~")
	alice.watch("lobby.watched~")
	alice.join("lobby.joined~", "alice~")
	alice.join("room~", "alice~")
	alice.watch("seen~")
	watcher.watch("lobby.joined~", "alice~")
	alice.send(`{"type":"logout","id":2}`)
	alice.wantAll(
		`{"type":"ended","channel":"lobby.joined~","code":"unauthorized"}`,
		`{"type":"ended","channel":"room~","code":"unauthorized"}`,
		`{"type":"ended","channel":"seen~","code":"unauthorized"}`)
	alice.wantSession(`{"type":"ok","id":2,"user":null,"expires":null,"session":"*"}`)
	watcher.seesLeave("lobby.joined~", "alice~", "logout")
	watcher.join("lobby.watched~", "watcher~")
	alice.seesJoin("lobby.watched~", "watcher~")
	alice.send(`{"type":"join","id":3,"channel":"lobby.joined~"}`)
	alice.wantError(3, "unauthorized")
	alice.ask(`{"type":"logout","id":4}`, `{"type":"ok","id":4,"user":null,"expires":null}`)
	alice.roster("lobby.watched~", "watcher~")
}

func TestNobodyBecomesSomebodyByAToken(t *testing.T) {
	w := newWorld(t)
	c := w.anonymous(open)
	c.watch("lobby~")
	c.send(`{"type":"token","id":2,"token":"` + w.token("alice~") + `"}`)
	c.wantSession(`{"type":"ok","id":2,"user":"alice~","expires":"*","session":"*"}`)
	c.ask(`{"type":"join","id":3,"channel":"lobby~"}`, `{"type":"ok","id":3}`)
	c.seesJoin("lobby~", "alice~")
}

func TestLogoutIsNoLogoutOfOtherSessions(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]*node.Node{"closed": here, "open": open} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			one, two := w.hello(n, "alice~"), w.hello(n, "alice~")
			one.join("lobby~", "alice~")
			two.join("lobby~", "alice~")
			two.send(`{"type":"logout"}`)
			if n == open {
				two.want(`{"type":"ended","channel":"lobby~","code":"unauthorized"}`)
				two.alive()
			} else {
				two.wantClose(1000)
			}
			one.roster("lobby~", "alice~")
		})
	}
}
