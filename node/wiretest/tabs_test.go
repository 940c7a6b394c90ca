package wiretest

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// What older presence servers tested for, or were reported to get wrong.

// eyes are those who see a user: a watcher of her channel and a follower, on a node.
type eyes struct{ watcher, follower *client }

func (w *world) eyes(n *node.Node, channel string, users ...string) eyes {
	w.Helper()
	e := eyes{w.hello(n, "watcher~"), w.hello(n, "follower~", w.withFollow("*"))}
	e.watcher.watch(channel)
	var offline []string
	for _, u := range users {
		offline = append(offline, fmt.Sprintf(`"user":%q,"status":"offline"`, u))
	}
	e.follower.follow(users, offline...)
	return e
}

// nothing shows that both were told nothing since, by a marker that goes through the nodes.
func (e eyes) nothing(w *world, nodes ...*node.Node) {
	w.Helper()
	for i, n := range nodes {
		marker := fmt.Sprintf("marker%d.%d.~", i, tests.Add(1))
		e.follower.follow([]string{marker}, `"user":"`+marker+`","status":"offline"`)
		c := w.hello(n, marker)
		c.send(`{"type":"join","channel":"room~"}`)
		e.watcher.seesJoin("room~", marker)
		e.follower.told(`"user":"` + marker + `","status":"online","since":"*"`)
		c.send(`{"type":"bye"}`)
		e.watcher.seesLeave("room~", marker, "left")
		e.follower.told(`"user":"` + marker + `","status":"offline","lastSeen":"*"`)
	}
}

// comes opens a session that joins the room, and returns it once both have seen it.
func (e eyes) comes(w *world, n *node.Node, user string, change ...func(*auth.Claims)) *client {
	w.Helper()
	c := w.hello(n, user, change...)
	c.send(`{"type":"join","channel":"room~"}`)
	c.next()
	e.watcher.seesJoin("room~", user)
	e.follower.told(`"user":"` + user + `","status":"online","since":"*"`)
	return c
}

// away awaits that both see a user away since then.
func (e eyes) away(w *world, user string, ago time.Duration) {
	w.Helper()
	m := e.watcher.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"` + user + `","since":"*","status":"away","lastActivity":"*"}]}`)
	w.wantAgo(m, m.Update[0].LastActivity, ago)
	m = e.follower.told(`"user":"` + user + `","status":"away","since":"*","lastActivity":"*"`)
	w.wantAgo(m, m.Of.LastActivity, ago)
}

func TestIdleTabBesideAnActiveOneIsNotSeen(t *testing.T) {
	w := newWorld(t)
	e := w.eyes(there, "room~", "alice~")
	e.comes(w, here, "alice~")
	idle := w.helloWith(there, "alice~", `,"state":"away","idle":60000`)
	idle.join("room~", "alice~")
	e.nothing(w, here, there)
}

func TestIdleTabThatClosesIsNotSeen(t *testing.T) {
	w := newWorld(t)
	e := w.eyes(there, "room~", "alice~")
	e.comes(w, here, "alice~")
	idle := w.helloWith(here, "alice~", `,"state":"away","idle":60000`)
	idle.join("room~", "alice~")
	idle.send(`{"type":"bye"}`)
	idle.wantClose(1000)
	broken := w.helloWith(there, "alice~", `,"state":"away","idle":60000`)
	broken.conn.Close()
	e.nothing(w, here, there)
}

func TestActiveTabThatClosesLeavesHerIdleSinceTheRightTime(t *testing.T) {
	w := newWorld(t)
	e := w.eyes(there, "room~", "alice~")
	active := e.comes(w, here, "alice~")
	idle := w.helloWith(there, "alice~", `,"state":"away","idle":3600000`)
	idle.join("room~", "alice~")
	later := w.helloWith(here, "alice~", `,"state":"away","idle":20000`)
	later.join("room~", "alice~")
	e.nothing(w, here)
	later.send(`{"type":"bye"}`)
	active.send(`{"type":"bye"}`)
	e.away(w, "alice~", 20*time.Second) // the latest that any of her tabs told of, though that one is gone
	e.nothing(w, here)
}

func TestReconnectWhileIdleStaysIdle(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]*node.Node{"on the same node": here, "on another node": there} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := w.eyes(there, "room~", "alice~")
			alice := e.comes(w, here, "alice~")
			alice.send(`{"type":"state","state":"away","idle":60000}`)
			last := time.Now().Add(-time.Minute)
			e.away(w, "alice~", time.Minute)
			alice.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*","status":"away","lastActivity":"*"}]}`)
			again := w.dial(n)
			again.send(fmt.Sprintf(`{"type":"hello","token":%q,"resume":%q,"state":"away","idle":%d}`, w.token("alice~"), alice.session, time.Since(last).Milliseconds()),
				`{"type":"join","channel":"room~"}`)
			again.welcomed("alice~")
			alice.wantClose(4409)
			e.nothing(w, here, there)
		})
	}
}

// The socket is gone before the node has read who is there.
func TestCloseThatOvertakesALoginLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]*node.Node{"with grace": here, "without grace": narrow} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := w.eyes(n, "room~", "alice~")
			for range 20 {
				c := w.dial(n)
				c.send(`{"type":"hello","token":"`+w.token("alice~")+`"}`, `{"type":"join","channel":"room~"}`)
				c.conn.Close()
			}
			last := w.hello(n, "alice~")
			last.send(`{"type":"join","channel":"room~"}`, `{"type":"leave","channel":"room~"}`, `{"type":"bye"}`)
			e.gone(w, "alice~")
		})
	}
}

// gone reads on until both have seen the last of a user, who came and went as may be.
func (e eyes) gone(w *world, user string) {
	w.Helper()
	deadline := time.Now().Add(patience)
	for offline := false; !offline; {
		if time.Now().After(deadline) {
			w.Fatalf("%s is still there", user)
		}
		e.follower.send(`{"type":"follow","id":30,"users":["` + user + `"]}`)
		e.watcher.send(`{"type":"sync","id":31,"channel":"room~"}`)
		offline = e.follower.answer(30).Users[0].Status == "offline"
		count := e.watcher.answer(31).Count
		offline = offline && count == 0
	}
}

func TestAfterATokenSwapNothingIsLeftWhenTheSocketCloses(t *testing.T) {
	w := newWorld(t)
	e := w.eyes(there, "room~", "alice~", "bob~")
	c := e.comes(w, here, "alice~")
	c.send(`{"type":"token","id":2,"token":"` + w.token("bob~") + `"}`)
	c.wantSession(`{"type":"ok","id":2,"user":"bob~","expires":"*","session":"*"}`)
	e.watcher.want(`{"type":"diff","channel":"room~","version":"*","count":1,"join":[{"user":"bob~","since":"*"}],"leave":[{"user":"alice~","reason":"logout"}]}`)
	e.follower.wantAll(`{"type":"user","user":{"user":"alice~","status":"offline","lastSeen":"*"}}`,
		`{"type":"user","user":{"user":"bob~","status":"online","since":"*"}}`)
	c.conn.Close()
	e.watcher.seesLeave("room~", "bob~", "closed")
	e.follower.told(`"user":"bob~","status":"offline","lastSeen":"*"`)
	e.watcher.roster("room~")
	e.nothing(w, here)
}

func TestLogoutThenCloseIsOneLogout(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]*node.Node{"the node closes": here, "the socket stays": open} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := eyes{w.hello(n, "watcher~", w.owned("room~")), w.hello(n, "follower~", w.withFollow("*"))}
			e.watcher.watch("room~")
			e.follower.follow([]string{"alice~", "marker~"}, `"user":"alice~","status":"offline"`, `"user":"marker~","status":"offline"`)
			c := e.comes(w, n, "alice~", w.owned("room~"))
			c.send(`{"type":"logout"}`)
			e.watcher.seesLeave("room~", "alice~", "logout")
			e.follower.told(`"user":"alice~","status":"offline","lastSeen":"*"`)
			c.conn.Close()
			marker := e.comes(w, n, "marker~", w.owned("room~"))
			marker.conn.Close() // after hers: a grace of hers would be over before
			e.watcher.seesLeave("room~", "marker~", "closed")
		})
	}
}

func TestHiddenAndThenShownIsALeaveAndAJoin(t *testing.T) {
	w := newWorld(t)
	e := w.eyes(there, "room~", "alice~")
	alice := e.comes(w, here, "alice~")
	alice.send(`{"type":"status","status":"offline"}`)
	e.watcher.seesLeave("room~", "alice~", "left")
	e.follower.told(`"user":"alice~","status":"offline","lastSeen":"*"`)
	alice.send(`{"type":"state","state":"away","idle":1000}`, `{"type":"state","state":"online"}`, `{"type":"update","channel":"room~","data":{"a":1}}`)
	e.nothing(w, here)
	alice.send(`{"type":"status","status":"online"}`)
	e.watcher.want(`{"type":"diff","channel":"room~","version":"*","count":1,"join":[{"user":"alice~","since":"*","data":{"a":1}}]}`)
	e.follower.told(`"user":"alice~","status":"online","since":"*"`)
}

func TestReassertedChoiceRevealsNobodyWhoChoseOfflineElsewhere(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(w *world) *client{
		"by hello": func(w *world) *client { return w.helloWith(there, "alice~", `,"status":"online"`) },
		"by the token": func(w *world) *client {
			return w.hello(there, "alice~", func(c *auth.Claims) { c.Status = "busy" })
		},
	} {
		for where, n := range map[string]*node.Node{"where she chose": here, "where she asserts": there} {
			t.Run(name+", seen "+where, func(t *testing.T) {
				w := newWorld(t)
				e := w.eyes(n, "room~", "alice~")
				alice := w.hello(here, "alice~")
				alice.send(`{"type":"status","status":"offline"}`)
				e.heard(w, here)
				e.follower.send(`{"type":"follow","id":13,"users":["alice~"]}`)
				if m := e.follower.answer(13); m.Users[0].Status != "offline" { // whatever came before
					t.Fatalf("got %s, want her hidden", m.text)
				}
				open(w).send(`{"type":"join","channel":"room~"}`)
				e.nothing(w, here, there)
			})
		}
	}
}

// heard awaits that the follower's node has heard what that node did until now.
func (e eyes) heard(w *world, n *node.Node) {
	w.Helper()
	marker := fmt.Sprintf("marker.%d.~", tests.Add(1))
	e.follower.send(`{"type":"follow","id":12,"users":["` + marker + `"]}`)
	e.follower.answer(12)
	w.hello(n, marker)
	for m := e.follower.next(); m.Of.User != w.own(marker); m = e.follower.next() {
	}
}

func TestAgesOfTheFutureAndOfOtherTimesAreRefused(t *testing.T) {
	w := newWorld(t)
	e := w.eyes(here, "room~", "alice~")
	alice := e.comes(w, here, "alice~")
	for _, idle := range []string{"-1", "-60000", "315360000001", "9007199254740992", "1.5", "1e3", `"5"`, "null"} {
		alice.send(`{"type":"state","id":2,"state":"away","idle":` + idle + `}`)
		alice.wantError(2, "bad_request")
		c := w.dial(here)
		c.send(`{"type":"hello","id":1,"token":"` + w.token("alice~") + `","state":"away","idle":` + idle + `}`)
		c.wantError(1, "bad_request")
	}
	e.nothing(w, here)
	alice.send(`{"type":"state","state":"away","idle":315360000000}`) // ten years
	e.away(w, "alice~", 315360000000*time.Millisecond)
}
