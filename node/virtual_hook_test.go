package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/events"
	"github.com/rollcall-presence/rollcall/node/webhook"
)

const hookSecret = "a secret of the webhook"

// receiver is a backend that is told of events.
type receiver struct {
	w      *world
	server *http.Server
	url    string

	mu       sync.Mutex
	down     bool // answers 503
	requests int
	events   []Event        // in the order in which they came, repeats included
	times    map[string]int // by id
	bad      []string
}

// receive starts a receiver, which the nodes that are started with its tune send to.
func (w *world) receive() *receiver {
	w.Helper()
	const addr = "127.0.2.1:80"
	l, err := w.listen(addr)
	if err != nil {
		w.Fatal(err)
	}
	r := &receiver{w: w, url: "http://" + addr + "/presence", times: map[string]int{}}
	r.server = &http.Server{Handler: r}
	go r.server.Serve(l)
	return r
}

func (r *receiver) tune(c *Config) {
	c.WebhookURL, c.WebhookSecret = r.url, auth.Secret(hookSecret)
	c.webhookTransport = &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return r.w.desk.DialContext(ctx, addr) }}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	if r.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var all []Event
	if err == nil {
		err = json.Unmarshal(body, &all)
	}
	signed := q.Header.Get(webhook.SignatureHeader) == webhook.Sign([]byte(hookSecret), body)
	if err != nil || !signed || len(all) == 0 || len(all) > webhook.MaxBatch {
		r.bad = append(r.bad, fmt.Sprintf("%d events, signed %v: %v", len(all), signed, err))
	}
	for _, e := range all {
		r.events = append(r.events, e)
		r.times[e.ID]++
	}
}

func (r *receiver) setDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// stories returns what came of one user, or of all if it is empty, repeats left out.
func (r *receiver) stories(user string) (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for i := range r.events {
		if e := &r.events[i]; (user == "" || e.User == user) && !seen[e.ID] {
			seen[e.ID] = true
			lines = append(lines, story(e))
		}
	}
	return lines
}

// repeats returns which events of users came more than once. Those of nodes may, in the
// moments when they begin to serve.
func (r *receiver) repeats() (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.events {
		if e := &r.events[i]; r.times[e.ID] > 1 && e.User != "" {
			lines = append(lines, story(e))
		}
	}
	return lines
}

func (r *receiver) end() {
	r.server.Close()
	for _, bad := range r.bad {
		r.w.Error(bad)
	}
}

// visit has users come to a node and go again, slowly enough for all nodes to see each
// part of it.
func (w *world) visit(n *virtual, users ...string) {
	w.Helper()
	var tabs []*tab
	for _, user := range users {
		tabs = append(tabs, w.open(n, user))
	}
	for _, do := range []func(b *tab){
		func(b *tab) { b.join("room") },
		func(b *tab) { b.do(client.Request{Type: "status", Status: "busy"}) },
		func(b *tab) { b.bye() },
	} {
		time.Sleep(time.Second)
		for _, b := range tabs {
			do(b)
		}
	}
	for _, b := range tabs {
		<-b.over
	}
}

// visited is what is told of a visit.
func visited(user string) []string {
	return []string{
		"session.connected " + user + " online", "user.online " + user + " online", "channel.join " + user + " room",
		"user.status " + user + " busy", "channel.update " + user + " room",
		"session.disconnected " + user + " left", "user.offline " + user + " offline", "channel.leave " + user + " room left",
	}
}

// wantVisit waits until a receiver was told of a visit.
func (r *receiver) wantVisit(user string) {
	r.w.Helper()
	want := visited(user)
	r.w.until("the receiver is told of "+user, 5*time.Minute, func() bool { return len(r.stories(user)) >= len(want) })
	if got := r.stories(user); !slices.Equal(got, want) {
		r.w.Errorf("the receiver is told %q of %s, want %q", got, user, want)
	}
}

func TestWebhooksComeOnceWhenNothingFails(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		r := w.receive()
		defer r.end()
		first := w.start(r.tune)
		<-first.ready
		nodes := w.cluster(2, r.tune)
		time.Sleep(10 * time.Second) // all know that all serve
		const users = 30
		for i := range users {
			w.visit(nodes[i%3], fmt.Sprint("user", i))
		}
		for i := range users {
			r.wantVisit(fmt.Sprint("user", i))
		}
		if all := r.repeats(); len(all) > 0 {
			t.Errorf("%q came more than once", all)
		}
		if got := r.stories("")[0]; got != string(events.ClusterStarted) {
			t.Errorf("the first event is %s", got)
		}
		senders := 0
		for _, n := range nodes {
			if n.heed.hook.Load().Sent > 0 {
				senders++
			}
		}
		if senders < 2 { // of 30 users each has one of three
			t.Errorf("%d nodes sent something, want all of them", senders)
		}
	})
}

func TestWebhooksComeAfterTheReceiverWasDown(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		r := w.receive()
		defer r.end()
		n := w.start(r.tune)
		<-n.ready
		r.setDown(true)
		for i := range 20 {
			w.visit(n, fmt.Sprint("user", i))
		}
		time.Sleep(5 * time.Minute)
		r.mu.Lock()
		if r.requests < 5 || r.requests > 20 {
			t.Errorf("%d requests in 5 minutes, want a pause of up to a minute between them", r.requests)
		}
		r.mu.Unlock()
		r.setDown(false)
		for i := range 20 {
			r.wantVisit(fmt.Sprint("user", i))
		}
		if all := r.repeats(); len(all) > 0 {
			t.Errorf("%q came more than once, though none had arrived", all)
		}
	})
}

func TestWebhooksComeThoughTheirSenderDies(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		r := w.receive()
		defer r.end()
		cut := func(c *Config) { // one that cannot reach the receiver
			r.tune(c)
			c.webhookTransport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe }}
		}
		w.start(r.tune)
		w.start(cut)
		nodes := w.cluster(1, r.tune)
		time.Sleep(10 * time.Second)
		const users = 60
		var names []string
		for i := range users {
			names = append(names, fmt.Sprint("user", i))
		}
		w.visit(nodes[0], names...)
		time.Sleep(time.Second)
		told := len(r.stories(""))
		w.crash(nodes[1])
		for i := range users {
			r.wantVisit(fmt.Sprint("user", i))
		}
		if told >= users*len(visited("")) {
			t.Errorf("%d events came before, want some of them from the node that died", told)
		}
		w.until("the receiver is told of the loss", time.Minute, func() bool { return slices.Contains(r.stories(""), "node.lost node_lost") })
	})
}

func TestANodeThatStopsSendsWhatItHas(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		r := w.receive()
		defer r.end()
		n := w.start(r.tune)
		<-n.ready
		w.visit(n, "alice")
		n.stop()
		<-n.done
		r.wantVisit("alice")
	})
}

func TestANodeThatStopsSendsWhatFailedBefore(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		r := w.receive()
		defer r.end()
		n := w.start(r.tune)
		<-n.ready
		r.setDown(true)
		w.visit(n, "alice")
		time.Sleep(10 * time.Minute) // now it waits for most of a minute between two tries
		r.mu.Lock()
		tries := r.requests
		r.mu.Unlock()
		w.until("it fails once more", 5*time.Minute, func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.requests > tries
		})
		r.setDown(false)
		n.stop()
		<-n.done
		r.wantVisit("alice")
	})
}
