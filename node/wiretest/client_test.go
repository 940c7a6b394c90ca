package wiretest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// patience is how long a message is waited for that has to come. Only a test that fails
// takes it all.
const patience = 30 * time.Second

var tests atomic.Int64

// world is one test with names of its own.
type world struct {
	*testing.T
	number string    // what a tilde stands for
	began  time.Time // no date that this test makes is before
}

func newWorld(t *testing.T) *world {
	t.Parallel()
	return &world{t, strconv.FormatInt(tests.Add(1), 10), time.Now()}
}

// part returns the world for a test within the test.
func (w *world) part(t *testing.T) *world { return &world{t, w.number, w.began} }

// own makes names the test's own.
func (w *world) own(s string) string { return strings.ReplaceAll(s, "~", w.number) }

// token returns one for a user; change may change its claims.
func (w *world) token(user string, change ...func(*auth.Claims)) string {
	w.Helper()
	claims := auth.Claims{User: w.own(user), Expires: time.Now().Add(time.Hour)}
	for _, f := range change {
		f(&claims)
	}
	token, err := auth.Sign([]byte(secret), claims)
	if err != nil {
		w.Fatal(err)
	}
	return token
}

// client is one socket of a test.
type client struct {
	*world
	name string
	*wire
	received chan received
	pings    chan message
	mute     atomic.Bool // answers no ping
	session  string      // as of welcome
}

// received is a message, or the end of the socket.
type received struct {
	text   string
	closed int // the code; 1006: it just broke
}

// dial opens a socket that says nothing yet. headers are lines.
func (w *world) dial(n *node.Node, headers ...string) *client {
	w.Helper()
	return w.dialPath(n, "/v1/connect", headers...)
}

func (w *world) dialPath(n *node.Node, path string, headers ...string) *client {
	w.Helper()
	wire, err := dialWire(n.Addr(), path, headers...)
	if err != nil {
		w.Fatal(err)
	}
	return w.attach(wire)
}

// attach makes a client of an open WebSocket.
func (w *world) attach(wire *wire) *client {
	c := &client{world: w, wire: wire, name: "socket", received: make(chan received, 1<<14), pings: make(chan message, 1<<10)}
	done := make(chan struct{})
	go func() { defer close(done); c.receive() }()
	w.Cleanup(func() { wire.conn.Close(); <-done })
	return c
}

// hello opens a socket for a user and awaits its welcome.
func (w *world) hello(n *node.Node, user string, change ...func(*auth.Claims)) *client {
	w.Helper()
	return w.helloWith(n, user, "", change...)
}

// helloWith is hello with further fields, each after a comma.
func (w *world) helloWith(n *node.Node, user, fields string, change ...func(*auth.Claims)) *client {
	w.Helper()
	c := w.dial(n)
	c.name = user
	c.send(`{"type":"hello","token":"` + w.token(user, change...) + `"` + fields + `}`)
	c.welcomed(user)
	return c
}

// anonymous opens a socket for nobody.
func (w *world) anonymous(n *node.Node) *client {
	w.Helper()
	c := w.dial(n)
	c.name = "nobody"
	c.send(`{"type":"hello"}`)
	c.session = c.next().Session
	return c
}

// welcomed awaits the welcome.
func (c *client) welcomed(user string) message {
	c.Helper()
	m := c.next()
	if m.Type != "welcome" || m.User != c.own(user) {
		c.Fatalf("%s: got %s, want a welcome", user, m.text)
	}
	c.session = m.Session
	return m
}

// receive reads until the socket ends. It answers pings, as a client has to.
func (c *client) receive() {
	channels := map[string]*model{}
	for {
		op, payload, err := c.read()
		switch {
		case err != nil:
			c.received <- received{closed: 1006}
			return
		case op == opClose:
			_ = c.write(opClose, true, payload)
			code := 1005
			if len(payload) >= 2 {
				code = int(binary.BigEndian.Uint16(payload))
			}
			c.received <- received{closed: code}
			return
		case op == opText:
			for _, line := range strings.Split(string(payload), "\n") {
				c.line(line, channels)
			}
		case op != opPong:
			c.Errorf("%s: a frame with opcode %d", c.name, op)
		}
	}
}

func (c *client) line(line string, channels map[string]*model) {
	m, err := parse(line)
	if err != nil {
		c.Errorf("%s: received %s: %v", c.name, line, err)
		return
	}
	if err := follow(channels, m); err != nil {
		c.Errorf("%s: received %s: %v", c.name, line, err)
	}
	if m.Type != "ping" {
		c.received <- received{text: line}
		return
	}
	if !c.mute.Load() {
		_ = c.write(opText, true, []byte(`{"type":"pong"}`))
	}
	select {
	case c.pings <- m:
	default:
	}
}

// send sends lines in one frame.
func (c *client) send(lines ...string) {
	c.Helper()
	if err := c.write(opText, true, []byte(c.own(strings.Join(lines, "\n")))); err != nil {
		c.Fatalf("%s: %v", c.name, err)
	}
}

func (c *client) take() received {
	c.Helper()
	select {
	case r := <-c.received:
		return r
	case <-time.After(patience):
		c.Fatalf("%s: nothing came for %v", c.name, patience)
		return received{}
	}
}

// next returns the next message, pings left out.
func (c *client) next() message {
	c.Helper()
	r := c.take()
	if r.closed != 0 {
		c.Fatalf("%s: closed with %d, want a message", c.name, r.closed)
	}
	m, err := parse(r.text)
	if err != nil {
		c.Fatalf("%s: %v", c.name, err)
	}
	return m
}

// want awaits a message that looks like this: the same keys, and the same values but
// for "*", which is any. The message of an error may be left out.
func (c *client) want(pattern string) message {
	c.Helper()
	m := c.next()
	if !matches(c.own(pattern), m.text) {
		c.Fatalf("%s: got\n%s, want\n%s", c.name, m.text, c.own(pattern))
	}
	return m
}

// wantError awaits the refusal of a request; id 0: that had none.
func (c *client) wantError(id int, code string) {
	c.Helper()
	c.isError(c.next(), id, code)
}

// isError demands that a message refuses the request of that id.
func (c *client) isError(m message, id int, code string) {
	c.Helper()
	if m.Type != "error" || m.ID != int64(id) || m.Code != code || m.Message == "" {
		c.Fatalf("%s: got %s, want error %s for request %d", c.name, m.text, code, id)
	}
}

// wantClose awaits the end of the socket.
func (c *client) wantClose(code int) {
	c.Helper()
	if r := c.take(); r.closed != code {
		c.Fatalf("%s: got %s (closed with %d), want it closed with %d", c.name, r.text, r.closed, code)
	}
}

// ask sends a request and awaits its answer, which comes next.
func (c *client) ask(request, pattern string) message {
	c.Helper()
	c.send(request)
	return c.want(pattern)
}

// alive shows that the socket works, and that nothing came before.
func (c *client) alive() {
	c.Helper()
	c.ask(`{"type":"leave","id":9007199254740991,"channel":"nothing"}`, `{"type":"ok","id":9007199254740991}`)
}

// join joins a channel with nobody in it that was not expected, and returns the roster.
func (c *client) join(channel string, users ...string) message {
	c.Helper()
	return c.enter("join", channel, users...)
}

func (c *client) watch(channel string, users ...string) message {
	c.Helper()
	return c.enter("watch", channel, users...)
}

// roster asks for the roster again: nothing of the channel may have come before.
func (c *client) roster(channel string, users ...string) message {
	c.Helper()
	return c.enter("sync", channel, users...)
}

// awaits watches a channel and waits until these users of another node are in it.
func (c *client) awaits(channel string, users ...string) {
	c.Helper()
	c.send(fmt.Sprintf(`{"type":"watch","channel":%q}`, channel))
	for count := 0; count != len(users); {
		m := c.next()
		if m.Channel != c.own(channel) {
			c.Fatalf("%s: got %s, want news of %s", c.name, m.text, channel)
		}
		count = m.Count
	}
	c.roster(channel, users...)
}

func (c *client) enter(kind, channel string, users ...string) message {
	c.Helper()
	c.send(fmt.Sprintf(`{"type":%q,"id":77,"channel":%q}`, kind, channel))
	m := c.next()
	if m.Type != "roster" || m.ID != 77 || m.Channel != c.own(channel) {
		c.Fatalf("%s: %s: got %s, want a roster", c.name, kind, m.text)
	}
	c.wantMembers(m, users...)
	return m
}

func (c *client) wantMembers(m message, users ...string) {
	c.Helper()
	want := map[string]bool{}
	for _, u := range users {
		want[c.own(u)] = true
	}
	got := map[string]bool{}
	for _, u := range m.Members {
		got[u.User] = true
	}
	if !reflect.DeepEqual(got, want) {
		c.Fatalf("%s: got %s, want the members %v", c.name, m.text, users)
	}
}

// sees awaits a diff that says this user joined, or left for that reason.
func (c *client) seesJoin(channel, user string) {
	c.Helper()
	c.want(fmt.Sprintf(`{"type":"diff","channel":%q,"version":"*","count":"*","join":[{"user":%q,"since":"*"}]}`, channel, user))
}

func (c *client) seesLeave(channel, user, reason string) {
	c.Helper()
	c.want(fmt.Sprintf(`{"type":"diff","channel":%q,"version":"*","count":"*","leave":[{"user":%q,"reason":%q}]}`, channel, user, reason))
}

// matches reports whether a message looks like a pattern: see client.want.
func matches(pattern, text string) bool {
	var p, v any
	if json.Unmarshal([]byte(pattern), &p) != nil || json.Unmarshal([]byte(text), &v) != nil {
		return false
	}
	return alike(p, v)
}

func alike(p, v any) bool {
	switch p := p.(type) {
	case string:
		return p == "*" || p == v
	case map[string]any:
		v, ok := v.(map[string]any)
		if !ok || len(p) != len(v) {
			return false
		}
		for key, want := range p {
			if got, ok := v[key]; !ok || !alike(want, got) {
				return false
			}
		}
		return true
	case []any:
		v, ok := v.([]any)
		if !ok || len(p) != len(v) {
			return false
		}
		for i := range p {
			if !alike(p[i], v[i]) {
				return false
			}
		}
		return true
	default:
		return reflect.DeepEqual(p, v)
	}
}
