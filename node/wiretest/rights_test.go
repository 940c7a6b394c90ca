package wiretest

import (
	"testing"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

func TestRights(t *testing.T) {
	t.Parallel()
	rights := func(c *auth.Claims) {
		c.Channels, c.Watch = []string{"mine.*", "exact"}, []string{"seen.*"}
	}
	none := func(c *auth.Claims) { c.Channels = []string{} }
	for name, tt := range map[string]struct {
		node        *node.Node
		change      func(*auth.Claims)
		channel     string
		join, watch bool
	}{
		"a prefix":                       {here, rights, "mine.1", true, true},
		"the prefix itself":              {here, rights, "mine.", true, true},
		"not quite the prefix":           {here, rights, "mine", false, false},
		"a name":                         {here, rights, "exact", true, true},
		"more than the name":             {here, rights, "exactly", false, false},
		"what may only be watched":       {here, rights, "seen.1", false, true},
		"by default no public channel":   {here, rights, "lobby.1", false, false},
		"no rights are all by default":   {here, nil, "anything", true, true},
		"an empty list is nothing":       {here, none, "anything", false, false},
		"public channels besides":        {open, rights, "lobby.1", true, true},
		"public without rights":          {open, nil, "lobby.1", true, true},
		"not public, without rights":     {open, nil, "anything", false, false},
		"public beside a watch list":     {open, withWatch("lobby.1"), "lobby.1", true, true},
		"case counts":                    {here, rights, "Mine.1", false, false},
		"a star in a channel is no star": {here, rights, "*", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			change := tt.change
			if change == nil {
				change = func(*auth.Claims) {}
			}
			for kind, may := range map[string]bool{"join": tt.join, "watch": tt.watch} {
				c := w.hello(tt.node, "alice~", change)
				c.send(`{"type":"` + kind + `","id":1,"channel":` + quote(tt.channel) + `}`)
				if !may {
					c.wantError(1, "forbidden")
					c.send(`{"type":"sync","id":2,"channel":` + quote(tt.channel) + `}`)
					c.wantError(2, "not_member")
				} else if m := c.next(); m.Type != "roster" {
					t.Errorf("%s: got %s, want the roster", kind, m.text)
				}
			}
		})
	}
}

func TestRefusedJoinIsAnnouncedToNobody(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(here, "watcher~")
	watcher.watch("room~")
	alice := w.hello(here, "alice~", withWatch("room~"), func(c *auth.Claims) { c.Watch[0] = w.own(c.Watch[0]) })
	alice.watch("room~")
	alice.send(`{"type":"join","id":2,"channel":"room~","data":{"a":1}}`)
	alice.wantError(2, "forbidden")
	alice.send(`{"type":"update","id":3,"channel":"room~","data":{"a":1}}`)
	alice.wantError(3, "not_member")
	watcher.roster("room~")
	alice.roster("room~") // she still watches
}

func TestAnonymousSocketsWatchPublicChannelsAndJoinNone(t *testing.T) {
	w := newWorld(t)
	c := w.anonymous(open)
	alice := w.hello(open, "alice~")
	alice.join("lobby~", "alice~")
	c.watch("lobby~", "alice~")
	for _, request := range []string{
		`{"type":"join","id":2,"channel":"lobby~"}`,
		`{"type":"join","id":2,"channel":"lobby.other~"}`,
		`{"type":"join","id":2,"channel":"room~"}`,
		`{"type":"update","id":2,"channel":"lobby~","data":{}}`,
		`{"type":"status","id":2,"status":"busy"}`,
		`{"type":"watch","id":2,"channel":"room~"}`,
	} {
		c.send(request)
		c.wantError(2, "unauthorized")
	}
	c.ask(`{"type":"state","id":3,"state":"away","idle":1000}`, `{"type":"ok","id":3}`)
	c.ask(`{"type":"time","id":4}`, `{"type":"time","id":4,"time":"*"}`)
	c.ask(`{"type":"leave","id":5,"channel":"lobby~"}`, `{"type":"ok","id":5}`)
	alice.roster("lobby~", "alice~") // and saw nothing of all that
}

func TestAnonymousSocketsWatchEverythingIfNothingIsListed(t *testing.T) {
	w := newWorld(t)
	w.anonymous(quick).watch("room~")
}

func TestAnonymousSocketIsRefusedIfNotAllowed(t *testing.T) {
	w := newWorld(t)
	c := w.dial(here)
	c.send(`{"type":"hello","id":1}`)
	c.wantError(1, "unauthorized")
	c.wantClose(4401)
}

func TestChannelsOfOneSocketAreLimited(t *testing.T) {
	w := newWorld(t)
	c := w.hello(narrow, "alice~")
	c.join("a~", "alice~")
	c.watch("b~")
	c.join("c~", "alice~")
	for _, kind := range []string{"join", "watch"} {
		c.send(`{"type":"` + kind + `","id":2,"channel":"d~"}`)
		c.wantError(2, "limit_reached")
	}
	c.ask(`{"type":"join","id":3,"channel":"b~"}`, `{"type":"ok","id":3}`) // not one more
	c.seesJoin("b~", "alice~")
	c.ask(`{"type":"leave","id":4,"channel":"a~"}`, `{"type":"ok","id":4}`)
	c.join("d~", "alice~")
}
