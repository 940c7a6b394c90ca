package wiretest

import (
	"fmt"
	"testing"

	"github.com/rollcall-presence/rollcall/node"
)

// statusTable says what others see of a user, by what she chose and by her connection: the
// best of her sessions.
var statusTable = map[string]map[string]string{
	"online":  {"online": "online", "away": "away", "none": "offline"},
	"away":    {"online": "away", "away": "away", "none": "offline"},
	"busy":    {"online": "busy", "away": "busy", "none": "offline"},
	"offline": {"online": "offline", "away": "offline", "none": "offline"},
}

// better returns the state that counts of two.
func better(one, two string) string {
	for _, state := range []string{"online", "away"} {
		if one == state || two == state {
			return state
		}
	}
	return "none"
}

// TestStatusTableOfTwoSessionsOnTwoNodes goes through every chosen status and every pair of
// sessions, as a follower and as a watcher of a channel see it on either node.
func TestStatusTableOfTwoSessionsOnTwoNodes(t *testing.T) {
	t.Parallel()
	states := []string{"online", "away", "none"}
	for chosen, want := range statusTable {
		for _, one := range states {
			for _, two := range states {
				t.Run(chosen+" with "+one+" and "+two, func(t *testing.T) {
					w := newWorld(t)
					w.wantStatus(chosen, one, two, want[better(one, two)])
				})
			}
		}
	}
}

func (w *world) wantStatus(chosen, one, two, want string) {
	w.Helper()
	nodes := []*node.Node{here, there}
	var seers []*client
	for _, n := range nodes {
		c := w.hello(n, "seer~")
		c.watch("room~")
		c.follow([]string{"alice~", "marker0.~", "marker1.~"}, `"user":"alice~","status":"offline"`,
			`"user":"marker0.~","status":"offline"`, `"user":"marker1.~","status":"offline"`)
		seers = append(seers, c)
	}
	chose := false
	for i, state := range []string{one, two} {
		if state == "none" {
			continue
		}
		c := w.helloWith(nodes[i], "alice~", fmt.Sprintf(`,"state":%q,"idle":1000`, state))
		c.send(`{"type":"join","channel":"room~"}`)
		if c.next(); !chose {
			chose = true
			c.send(fmt.Sprintf(`{"type":"status","id":3,"status":%q}`, chosen))
			c.answer(3)
		}
	}
	for i, n := range nodes { // whoever heard of these has heard of her
		w.hello(n, fmt.Sprintf("marker%d.~", i))
	}
	for _, c := range seers {
		for seen := map[string]bool{}; len(seen) < 2; {
			if m := c.next(); m.Type == "user" && m.Of.User != w.own("alice~") {
				seen[m.Of.User] = true
			}
		}
		c.wantSeen("alice~", want)
	}
}

// answer reads on to the answer of a request.
func (c *client) answer(id int64) message {
	c.Helper()
	for {
		if m := c.next(); m.ID == id {
			return m
		}
	}
}

// wantSeen asks what a user is, as a follower and in the channel.
func (c *client) wantSeen(user, want string) {
	c.Helper()
	c.send(`{"type":"follow","id":10,"users":["`+user+`"]}`, `{"type":"sync","id":11,"channel":"room~"}`)
	m := c.answer(10)
	if got := m.Users[0].Status; got != want {
		c.Errorf("%s follows and is told %s, want %s", c.name, m.text, want)
	}
	in := "offline"
	m = c.answer(11)
	for _, member := range m.Members {
		if in = member.Status; in == "" {
			in = "online"
		}
	}
	if in != want || len(m.Members) != m.Count {
		c.Errorf("%s watches and is told %s, want %s", c.name, m.text, want)
	}
}
