package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// described holds replies against the document, and remembers which it has seen.
type described struct {
	*world
	document
	seen map[string]bool
}

// ask asks for one operation at a path, and holds the reply against the document.
func (d *described) ask(n *virtual, want int, o operation, path, body string, headers ...string) {
	d.Helper()
	r := d.api(n, o.method, path, body, headers...)
	if r.status != want {
		d.Errorf("%v at %s is answered %d %s, want %d", o, path, r.status, r.body, want)
	}
	if err := d.checkReply(o, r); err != nil {
		d.Error(err)
	}
	d.seen[fmt.Sprint(o, " ", r.status)] = true
}

// asking is a request for an operation.
type asking struct {
	operation
	path, body string
}

// asked is a good request for every operation but the stream of events, which does not end.
var asked = []asking{
	{operation{"GET", "/v1/channels"}, "/v1/channels?prefix=r&limit=1", ""},
	{operation{"GET", "/v1/channels/{channel}"}, "/v1/channels/room?limit=1", ""},
	{operation{"GET", "/v1/channels/{channel}/count"}, "/v1/channels/room/count", ""},
	{operation{"GET", "/v1/users/{user}"}, "/v1/users/alice", ""},
	{operation{"POST", "/v1/users/query"}, "/v1/users/query", `{"users":["alice","nobody"]}`},
	{operation{"PUT", "/v1/users/{user}/status"}, "/v1/users/alice/status", `{"status":"busy","text":"in a meeting"}`},
	{operation{"POST", "/v1/users/{user}/disconnect"}, "/v1/users/alice/disconnect", `{"reason":"spam"}`},
	{operation{"DELETE", "/v1/sessions/{id}"}, "/v1/sessions/{id}", ""},
	{operation{"GET", "/v1/nodes"}, "/v1/nodes", ""},
	{operation{"GET", "/metrics"}, "/metrics", ""},
	{operation{"GET", "/v1/users/{user}/why"}, "/v1/users/alice/why", ""},
	{operation{"GET", "/v1/sessions"}, "/v1/sessions?limit=1", ""},
	{operation{"GET", "/healthz"}, "/healthz", ""},
	{operation{"GET", "/readyz"}, "/readyz", ""},
	{operation{"GET", "/"}, "/", ""},
	{operation{"GET", "/openapi.yaml"}, "/openapi.yaml", ""},
}

var (
	streaming = operation{"GET", "/v1/events"}
	commands  = asked[5:8]
)

func TestRepliesAreAsTheDocumentSays(t *testing.T) {
	d := &described{document: readDocument(t), seen: map[string]bool{}}
	parts := []func(){d.good, d.strangers, d.wrong, d.unready, d.unanswered}
	for _, ask := range commands {
		parts = append(parts, func() { d.lost(ask) })
	}
	for _, part := range parts {
		inWorld(t, 1, func(w *world) {
			d.world = w
			part()
		})
	}
	for _, o := range d.operations() {
		for status := range d.at(d.operation(o), "responses") {
			if !d.seen[fmt.Sprint(o, " ", status)] {
				t.Errorf("the document says that %v may be answered %s, which this test has not seen", o, status)
			}
		}
	}
}

// good asks a node for everything, while there is something to tell in every field.
func (d *described) good() {
	nodes := d.cluster(2, func(c *Config) { c.AllowAnonymous = true })
	alice := d.openAs(nodes[1], "alice", client.Hello{Token: d.token("alice", time.Hour), Meta: []byte(`{"app":"chat"}`)})
	for _, room := range []string{"room", "room.2"} {
		alice.do(client.Request{Type: "join", Channel: room, Data: []byte(`{"a":1}`)})
		d.open(nodes[0], "bob").join(room)
	}
	alice.state("away", time.Minute)
	time.Sleep(2 * time.Second)
	for _, ask := range asked {
		d.ask(nodes[0], 200, ask.operation, strings.Replace(ask.path, "{id}", d.open(nodes[1], "carol").last("welcome").Session, 1), ask.body)
		time.Sleep(settled)
	}
	d.ask(nodes[0], 200, asked[3].operation, "/v1/users/alice", "") // who was seen last
	d.ask(nodes[0], 200, asked[0].operation, "/v1/channels?sort=users", "")
	d.ask(nodes[0], 200, asked[8].operation, "/v1/nodes?ask=true", "")
	stream := d.consume(nodes[0], "") // which fails the test if it is something else
	stream.synced()
	stream.end()
	d.seen[fmt.Sprint(streaming, " 200")] = true
	if r := d.api(nodes[0], "GET", "/openapi.yaml", "", "Host", "docs.example"); string(r.body) != string(openapi) {
		d.Errorf("the document is served as %d bytes, want %d", len(r.body), len(openapi))
	}
}

// strangers asks without the key, and from the page of another site.
func (d *described) strangers() {
	n := d.cluster(1, func(c *Config) { c.AdminKeys = []string{"key"} })[0]
	for _, ask := range append(asked[:12:12], asking{streaming, "/v1/events", ""}) {
		d.ask(n, 401, ask.operation, ask.path, ask.body)
		d.ask(n, 403, ask.operation, ask.path, ask.body, "Authorization", "Bearer key", "Origin", "https://evil.example")
	}
}

// wrong asks for what there is not, or in a wrong way.
func (d *described) wrong() {
	n := d.cluster(1)[0]
	for _, ask := range asked {
		if ask.method != "GET" && ask.path != "/v1/users/query" {
			d.ask(n, 404, ask.operation, ask.path, ask.body)
		}
		if ask.body != "" {
			d.ask(n, 400, ask.operation, ask.path, "{")
			d.ask(n, 413, ask.operation, ask.path, strings.Repeat(" ", maxBody+1))
			d.ask(n, 415, ask.operation, ask.path, ask.body, "Content-Type", "text/plain")
		}
	}
	d.ask(n, 400, asked[0].operation, "/v1/channels?limit=0", "")
	d.ask(n, 400, asked[1].operation, "/v1/channels/@", "")
	d.ask(n, 400, asked[2].operation, "/v1/channels/@/count", "")
	d.ask(n, 400, asked[3].operation, "/v1/users/%00", "")
	d.ask(n, 400, asked[8].operation, "/v1/nodes?ask=perhaps", "")
	d.ask(n, 400, asked[10].operation, "/v1/users/%00/why", "")
	d.ask(n, 400, asked[11].operation, "/v1/sessions?after=-", "")
	d.ask(n, 400, streaming, "/v1/events?types=none", "")
}

// unready asks a node that is learning the cluster.
func (d *described) unready() {
	n := d.deaf()
	for _, ask := range slices.Concat(asked[:8], asked[10:12]) {
		d.ask(n, 503, ask.operation, ask.path, ask.body)
	}
	d.ask(n, 503, operation{"GET", "/readyz"}, "/readyz", "")
}

// unanswered commands what a node holds that does not answer, in time for who asks it.
func (d *described) unanswered() {
	a, b, session := d.patient()
	defer b.Freeze()()
	for _, ask := range commands {
		d.ask(a, 504, ask.operation, strings.Replace(ask.path, "{id}", session, 1), ask.body)
	}
}

// lost commands what a node holds that is given up before it has answered.
func (d *described) lost(ask asking) {
	a, b, session := d.patient()
	d.crash(b)
	d.until("b was silent for nearly its timeout", 5*time.Minute, func() bool {
		return time.Since(time.UnixMilli(a.nodeInfo(b).LastHeard)) > b.cfg.Timeout-5*time.Second
	})
	d.ask(a, 502, ask.operation, strings.Replace(ask.path, "{id}", session, 1), ask.body)
}

// patient starts a node that has time to be silent, which another that waits for it has not, and
// a session of alice there.
func (d *described) patient() (a, b *virtual, session string) {
	a = d.start()
	b = d.start(func(c *Config) { c.Timeout = 2 * time.Minute })
	<-b.ready
	alice := d.open(b, "alice")
	d.until("a knows alice", time.Minute, func() bool { return len(a.User("alice").Sessions) == 1 })
	return a, b, alice.last("welcome").Session
}
