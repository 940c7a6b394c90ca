package wiretest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// withFollow makes a follow claim of names, which are the test's own.
func (w *world) withFollow(users ...string) func(*auth.Claims) {
	for i := range users {
		users[i] = w.own(users[i])
	}
	return func(c *auth.Claims) { c.Follow = append([]string{}, users...) }
}

// follow follows users and awaits the answer: what they are, each as fields of an object.
func (c *client) follow(users []string, want ...string) message {
	c.Helper()
	return c.ask(`{"type":"follow","id":5,"users":["`+strings.Join(users, `","`)+`"]}`,
		`{"type":"users","id":5,"users":[{`+strings.Join(want, `},{`)+`}]}`)
}

// told awaits the news of a followed user.
func (c *client) told(want string) message {
	c.Helper()
	return c.want(`{"type":"user","user":{` + want + `}}`)
}

func TestFollowIsAnsweredWithTheStatusOfEach(t *testing.T) {
	w := newWorld(t)
	bob, carol := w.hello(here, "bob~"), w.hello(here, "carol~")
	bob.ask(`{"type":"status","id":2,"status":"busy","text":"in a meeting"}`, `{"type":"ok","id":2}`)
	carol.ask(`{"type":"status","id":2,"status":"away"}`, `{"type":"ok","id":2}`)
	w.hello(here, "dan~")
	alice := w.hello(here, "alice~")
	alice.follow([]string{"bob~", "nobody~", "dan~", "carol~"},
		`"user":"bob~","status":"busy","since":"*","text":"in a meeting"`,
		`"user":"nobody~","status":"offline"`,
		`"user":"dan~","status":"online","since":"*"`,
		`"user":"carol~","status":"away","since":"*"`)
	alice.ask(`{"type":"follow","id":6,"users":[]}`, `{"type":"users","id":6,"users":[]}`)
	alice.ask(`{"type":"follow","users":["dan~"]}`, `{"type":"users","users":[{"user":"dan~","status":"online","since":"*"}]}`)
}

func TestChangesOfAFollowedUserAreToldOnEveryNode(t *testing.T) {
	w := newWorld(t)
	followers := []*client{w.hello(here, "alice~"), w.hello(there, "ann~")}
	all := func(want string) {
		t.Helper()
		for _, c := range followers {
			c.told(want)
		}
	}
	for _, c := range followers {
		c.follow([]string{"bob~"}, `"user":"bob~","status":"offline"`)
	}
	bob := w.hello(here, "bob~")
	all(`"user":"bob~","status":"online","since":"*"`)
	bob.ask(`{"type":"status","id":2,"status":"busy","text":"x"}`, `{"type":"ok","id":2}`)
	all(`"user":"bob~","status":"busy","since":"*","text":"x"`)
	bob.ask(`{"type":"status","id":3,"status":"busy","text":"y"}`, `{"type":"ok","id":3}`)
	all(`"user":"bob~","status":"busy","since":"*","text":"y"`)
	bob.ask(`{"type":"status","id":4,"status":"online"}`, `{"type":"ok","id":4}`)
	all(`"user":"bob~","status":"online","since":"*"`)
	bob.ask(`{"type":"state","id":5,"state":"away","idle":1000}`, `{"type":"ok","id":5}`)
	all(`"user":"bob~","status":"away","since":"*"`)
	bob.send(`{"type":"bye"}`)
	all(`"user":"bob~","status":"offline"`)
}

func TestSecondTabOfAFollowedUserIsNoNews(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	bob := w.hello(here, "bob~")
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"online","since":"*"`)
	w.hello(here, "bob~").send(`{"type":"bye"}`)
	second := w.hello(there, "bob~")
	second.send(`{"type":"status","id":2,"status":"busy"}`)
	alice.told(`"user":"bob~","status":"busy","since":"*"`)
	bob.send(`{"type":"bye"}`)
	second.ask(`{"type":"status","id":3,"status":"away"}`, `{"type":"ok","id":2}`)
	alice.told(`"user":"bob~","status":"away","since":"*"`)
}

func TestNamesAlreadyFollowedAndNamesTwiceCountOnce(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.follow([]string{"bob~", "carol~", "bob~"}, `"user":"bob~","status":"offline"`, `"user":"carol~","status":"offline"`)
	alice.follow([]string{"carol~"}, `"user":"carol~","status":"offline"`)
	w.hello(here, "carol~")
	alice.told(`"user":"carol~","status":"online","since":"*"`)
	alice.alive() // told once
}

// names returns a list of so many names, in JSON.
func names(from, to int) string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("%q", fmt.Sprint("user", i, ".~")))
	}
	return strings.Join(all, ",")
}

func TestSocketFollowsAThousandUsersAndNoMore(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	for i := 0; i < 1000; i += 200 {
		alice.send(fmt.Sprintf(`{"type":"follow","id":%d,"users":[%s]}`, i+1, names(i, i+200)))
	}
	for i := 0; i < 1000; i += 200 {
		if m := alice.next(); m.Type != "users" || m.ID != int64(i+1) || len(m.Users) != 200 || m.Users[199].User != w.own(fmt.Sprint("user", i+199, ".~")) {
			t.Fatalf("got %s, want users %d to %d", m.text, i, i+199)
		}
	}
	alice.send(`{"type":"follow","id":3,"users":["user7.~","one more~"]}`)
	alice.wantError(3, "limit_reached")
	alice.follow([]string{"user7.~", "user999.~"}, `"user":"user7.~","status":"offline"`, `"user":"user999.~","status":"offline"`)
	w.hello(here, "one more~") // nothing was changed by the refused request
	alice.ask(`{"type":"unfollow","id":4,"users":["user7.~"]}`, `{"type":"ok","id":4}`)
	alice.follow([]string{"one more~"}, `"user":"one more~","status":"online","since":"*"`)
}

func TestMoreThan200NamesAreRefusedAndChangeNothing(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.send(`{"type":"follow","id":2,"users":["bob~",` + names(0, 200) + `]}`)
	alice.wantError(2, "limit_reached")
	w.hello(here, "bob~")
	alice.alive()
}

func TestFollowClaimSaysWhoMayBeFollowed(t *testing.T) {
	w := newWorld(t)
	bob := w.hello(here, "bob~")
	alice := w.hello(here, "alice~", w.withFollow("carol~", "team~.*"))
	alice.send(`{"type":"follow","id":2,"users":["carol~","bob~"]}`)
	alice.wantError(2, "forbidden")
	alice.send(`{"type":"follow","users":["carol"]}`)
	alice.wantError(0, "forbidden")
	w.hello(here, "carol~").send(`{"type":"bye"}`)
	alice.alive() // nothing was changed
	bob.ask(`{"type":"status","id":2,"status":"busy"}`, `{"type":"ok","id":2}`)
	alice.follow([]string{"team~.1"}, `"user":"team~.1","status":"offline"`)
	w.hello(there, "team~.1")
	alice.told(`"user":"team~.1","status":"online","since":"*"`)
	none := w.hello(here, "dan~", w.withFollow())
	none.send(`{"type":"follow","id":3,"users":["dan~"]}`)
	none.wantError(3, "forbidden")
}

func TestNobodyFollowsAnybody(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]*node.Node{"public channels listed": open, "by default": quick} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.anonymous(n)
			c.send(`{"type":"follow","id":2,"users":["bob~"]}`)
			c.wantError(2, "unauthorized")
			c.ask(`{"type":"unfollow","id":3,"users":["bob~"]}`, `{"type":"ok","id":3}`)
			w.hello(n, "bob~")
			c.alive()
		})
	}
}

func TestUnfollowEndsTheNews(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.follow([]string{"bob~", "carol~"}, `"user":"bob~","status":"offline"`, `"user":"carol~","status":"offline"`)
	alice.ask(`{"type":"unfollow","id":2,"users":["bob~","bob~","stranger~"]}`, `{"type":"ok","id":2}`)
	w.hello(here, "bob~")
	w.hello(here, "carol~")
	alice.told(`"user":"carol~","status":"online","since":"*"`)
	alice.send(`{"type":"unfollow","users":["carol~"]}`)
	alice.alive()
}

func TestFollowIsAnsweredInTheOrderOfRequests(t *testing.T) {
	w := newWorld(t)
	bob, alice := w.hello(here, "bob~"), w.hello(here, "alice~")
	bob.join("room~", "bob~")
	alice.send(`{"type":"leave","id":1,"channel":"room~"}`, `{"type":"join","id":2,"channel":"room~"}`, `{"type":"follow","id":3,"users":["bob~"]}`,
		`{"type":"unfollow","id":4,"users":["bob~"]}`, `{"type":"sync","id":5,"channel":"room~"}`, `{"type":"follow","id":6,"users":["bob~","carol~"]}`,
		`{"type":"follow","id":7,"users":["carol~"]}`, `{"type":"state","id":8,"state":"online"}`)
	for id := int64(1); id <= 8; id++ {
		if m := alice.next(); m.ID != id {
			t.Fatalf("got %s, want the answer to %d", m.text, id)
		}
	}
	w.hello(here, "carol~")
	alice.told(`"user":"carol~","status":"online","since":"*"`)
	bob.seesJoin("room~", "alice~")
}

func TestInvisibleUserIsOfflineToFollowers(t *testing.T) {
	w := newWorld(t)
	followers := []*client{w.hello(here, "alice~"), w.hello(there, "ann~", w.withFollow("bob~", "marker~"))}
	for _, c := range followers {
		c.follow([]string{"bob~"}, `"user":"bob~","status":"offline"`)
	}
	bob := w.hello(here, "bob~")
	for _, c := range followers {
		c.told(`"user":"bob~","status":"online","since":"*"`)
	}
	bob.ask(`{"type":"status","id":2,"status":"offline","text":"sssh"}`, `{"type":"ok","id":2}`)
	followers[0].told(`"user":"bob~","status":"offline"`)
	m := followers[1].told(`"user":"bob~","status":"offline","lastSeen":"*"`)
	w.wantAgo(m, m.Of.LastSeen, 0)
	// What she does now is seen by nobody.
	bob.ask(`{"type":"status","id":3,"status":"offline","text":"again"}`, `{"type":"ok","id":3}`)
	bob.ask(`{"type":"state","id":4,"state":"away","idle":5000}`, `{"type":"ok","id":4}`)
	bob.join("room~")
	bob.send(`{"type":"bye"}`)
	bob.wantClose(1000)
	for _, c := range followers {
		c.follow([]string{"marker~"}, `"user":"marker~","status":"offline"`)
	}
	w.hello(here, "marker~") // so that every node has heard her end
	for _, c := range followers {
		c.told(`"user":"marker~","status":"online","since":"*"`)
	}
	again := w.helloWith(here, "bob~", `,"status":"offline"`)
	again.ask(`{"type":"state","id":4,"state":"away","idle":5000}`, `{"type":"ok","id":4}`)
	again.ask(`{"type":"status","id":5,"status":"busy"}`, `{"type":"ok","id":5}`)
	for _, c := range followers {
		c.told(`"user":"bob~","status":"busy","since":"*"`) // the first news since she hid
	}
}
