package wiretest

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node"
)

// limited starts two nodes of one cluster for one test.
func (w *world) limited(change func(*node.Config)) (a, b *node.Node) {
	w.Helper()
	a, endA := w.start("a", change)
	w.Cleanup(endA)
	b, endB := w.start("b", func(c *node.Config) {
		change(c)
		c.Join = []string{a.GossipAddr()}
	})
	w.Cleanup(endB)
	return a, b
}

// refused opens a socket for a user that there is no room for. Fields, each after
// a comma, are further ones of its hello.
func (w *world) refused(n *node.Node, user, fields string) {
	w.Helper()
	began := time.Now()
	c := w.dialSaying(n, `{"type":"hello","id":9,"token":"`+w.token(user)+`"`+fields+`}`, `{"type":"join","id":10,"channel":"room~"}`)
	c.name = "another " + user
	m, id := c.next(), 9
	if m.ID == 0 && time.Since(began) >= time.Second {
		id = 0 // a full node has not read hello in time, and so knows of none
	}
	c.isError(m, id, "limit_reached")
	c.wantClose(4429)
}

// dialSaying opens a socket that says hello at once: a full node waits a second for it,
// which on a busy machine may be over before a client has read that it is connected.
func (w *world) dialSaying(n *node.Node, lines ...string) *client {
	w.Helper()
	conn, err := net.Dial("tcp", n.Addr())
	if err != nil {
		w.Fatal(err)
	}
	wire, err := openWire(conn, n.Addr(), "/v1/connect", frame(opText, true, []byte(w.own(strings.Join(lines, "\n")))))
	if err != nil {
		w.Fatal(err)
	}
	return w.attach(wire)
}

func TestSessionsOfAUserAreLimitedInTheWholeCluster(t *testing.T) {
	w := newWorld(t)
	a, b := w.limited(func(c *node.Config) { c.MaxUserSessions = 3 })
	watcher := w.hello(a, "watcher~")
	first, second, third := w.hello(b, "alice~"), w.hello(a, "alice~"), w.hello(a, "alice~")
	first.join("room~", "alice~")
	watcher.awaits("room~", "alice~") // so a knows of the session on b
	w.refused(a, "alice~", "")
	watcher.roster("room~", "alice~") // nothing happened
	w.hello(a, "bob~")
	w.hello(a, "watcher~")

	for name, resume := range map[string]string{"nonsense": "x", "somebody else's": watcher.session, "another node's": "00000000000000000000000000000000-1"} {
		t.Log(name)
		w.refused(a, "alice~", `,"resume":"`+resume+`"`)
	}
	again := w.helloWith(a, "alice~", `,"resume":"`+second.session+`"`)
	second.wantClose(4409)
	moved := w.helloWith(a, "alice~", `,"resume":"`+first.session+`"`) // from b
	first.wantClose(4409)
	w.refused(a, "alice~", "")

	again.conn.Close() // in grace, and so it does not count
	w.eventuallyHello(a, "alice~")
	w.refused(a, "alice~", "")
	moved.send(`{"type":"bye"}`)
	moved.wantClose(1000)
	w.hello(a, "alice~")
	w.refused(a, "alice~", "")
	third.alive()
}

// eventuallyHello opens a socket for a user, again as long as there is no room.
func (w *world) eventuallyHello(n *node.Node, user string) *client {
	w.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		c := w.dial(n)
		c.name = user
		c.send(`{"type":"hello","token":"` + w.token(user) + `"}`)
		if c.next().Type == "welcome" {
			return c
		}
		c.wantClose(4429)
	}
	w.Fatalf("no room for %s", user)
	return nil
}

func TestNobodyBecomesAUserWhoHasAllHerSessions(t *testing.T) {
	w := newWorld(t)
	n, _ := w.limited(func(c *node.Config) { c.MaxUserSessions = 1 })
	w.hello(n, "alice~")
	bob, watcher := w.hello(n, "bob~"), w.hello(n, "watcher~")
	bob.join("room~", "bob~")
	bob.send(`{"type":"token","id":3,"token":"` + w.token("alice~") + `"}`)
	bob.wantError(3, "limit_reached")
	watcher.watch("room~", "bob~") // still himself
	bob.ask(`{"type":"token","id":4,"token":"`+w.token("bob~")+`"}`, `{"type":"ok","id":4,"user":"bob~","expires":"*"}`)
	bob.ask(`{"type":"token","id":5,"token":"`+w.token("carol~")+`"}`, `{"type":"ok","id":5,"user":"carol~","expires":"*","session":"*"}`)
}

func TestAnonymousSessionsAreNoUsers(t *testing.T) {
	w := newWorld(t)
	n, _ := w.limited(func(c *node.Config) { c.MaxUserSessions, c.AllowAnonymous = 1, true })
	for range 3 {
		w.anonymous(n)
	}
}

func TestSessionsOfANodeAreLimited(t *testing.T) {
	w := newWorld(t)
	n, other := w.limited(func(c *node.Config) { c.MaxSessions, c.AllowAnonymous = 2, true })
	alice := w.hello(n, "alice~")
	nobody := w.anonymous(n)
	w.refused(n, "bob~", "")
	elsewhere := w.hello(other, "carol~") // of which there is room
	w.refused(n, "carol~", `,"resume":"`+elsewhere.session+`"`)
	w.refused(n, "bob~", `,"resume":"`+alice.session+`"`)
	elsewhere.alive()

	again := w.dialSaying(n, `{"type":"hello","token":"`+w.token("alice~")+`","resume":"`+alice.session+`"}`)
	again.welcomed("alice~")
	alice.wantClose(4409)
	silent := w.dial(n)
	silent.wantError(0, "limit_reached") // who might wait for longer is told that it said no hello
	silent.wantClose(4429)
	response, err := http.Get("http://" + n.Addr() + "/readyz")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("a full node is ready no more: %v, %v", response, err)
	} else {
		response.Body.Close()
	}
	nobody.send(`{"type":"bye"}`)
	nobody.wantClose(1000)
	w.hello(n, "bob~")
	again.alive()
}

func TestRequestsAboveTheRateWaitAndThenTheSocketIsClosed(t *testing.T) {
	w := newWorld(t)
	const perSecond, burst = 20, 10
	n, _ := w.limited(func(c *node.Config) { c.Rate = node.Rate{PerSecond: perSecond, Burst: burst} })
	watcher := w.hello(n, "watcher~")
	watcher.watch("room~")
	for _, tt := range []struct {
		name     string
		requests int // after hello, which is one as well
		wait     bool
		least    time.Duration
	}{
		{"below", burst - 2, false, 0},
		{"at", burst - 1, false, 0},
		{"above", burst + 2*perSecond, true, 2 * time.Second},
	} {
		c := w.hello(n, fmt.Sprintf("%s~", tt.name))
		before := w.metric(n, paced)
		began := time.Now()
		for i := range tt.requests {
			c.send(fmt.Sprintf(`{"type":"leave","id":%d,"channel":"a"}`, i+1))
		}
		for i := range tt.requests {
			c.want(fmt.Sprintf(`{"type":"ok","id":%d}`, i+1))
		}
		if took := time.Since(began); took < tt.least {
			t.Errorf("%s: %d requests took %v, want %v", tt.name, tt.requests, took, tt.least)
		}
		if waited := w.metric(n, paced) - before; (waited > 0) != tt.wait {
			t.Errorf("%s: %v of %d requests had to wait", tt.name, waited, tt.requests)
		}
	}

	c := w.hello(n, "flooder~")
	c.join("room~", "flooder~")
	watcher.seesJoin("room~", "flooder~")
	began := time.Now()
	for range 1000 {
		if c.write(opText, true, []byte(`{"type":"time"}`)) != nil {
			break
		}
	}
	answers := c.tooFast()
	took := time.Since(began)
	if fair := burst + int(took.Seconds()*perSecond) + 1; took < 5*time.Second || answers < burst || answers > fair {
		t.Errorf("%d answers within %v, want at least 5s and at most %d", answers, took, fair)
	}
	watcher.seesLeave("room~", "flooder~", "closed")
}

const paced = "rollcall_node_paced_total"

// metric is readMetric.
func (w *world) metric(n *node.Node, name string) float64 {
	w.Helper()
	value, err := readMetric(n, name)
	if err != nil {
		w.Fatal(err)
	}
	return value
}

// tooFast waits until a socket is closed for its flood, which on a busy machine takes
// longer than anything else, and returns how many messages came before.
func (c *client) tooFast() (answers int) {
	c.Helper()
	late := time.After(3 * patience)
	var last received
	for {
		select {
		case r := <-c.received:
			if r.closed == 0 {
				last, answers = r, answers+1
				continue
			}
			if m, err := parse(last.text); err != nil || m.Type != "error" || m.Code != "rate_limited" || r.closed != 4429 {
				c.Errorf("%s: closed with %d after %q, want 4429 after rate_limited", c.name, r.closed, last.text)
			}
			return answers - 1
		case <-late:
			c.Fatalf("%s: not closed", c.name)
		}
	}
}

func TestFloodOfFramesWithoutRequestsIsTooFast(t *testing.T) {
	w := newWorld(t)
	n, end := w.start("paced", func(c *node.Config) { c.Rate = node.Rate{PerSecond: 20, Burst: 10} })
	t.Cleanup(end)
	for name, op := range map[string]byte{"empty frames": opText, "pings": opPing, "pongs": opPong} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.hello(n, "alice~")
			for range 1000 {
				if c.write(op, true, nil) != nil {
					break
				}
			}
			c.tooFast()
		})
	}
}

func TestMetaOf1KiBIsTaken(t *testing.T) {
	w := newWorld(t)
	for size, taken := range map[int]bool{1023: true, 1024: true, 1025: false} {
		c := w.dial(here)
		c.send(fmt.Sprintf(`{"type":"hello","id":1,"token":%q,"meta":{"a":%q}}`, w.token("alice~"), letters(size-len(`{"a":""}`))))
		if taken {
			c.welcomed("alice~")
		} else {
			c.wantError(1, "too_large")
		}
	}
}
