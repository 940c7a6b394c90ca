//go:build unix

package processtest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// receiver is a backend that nodes send webhooks to.
type receiver struct {
	t      *testing.T
	addr   string
	secret string

	mu      sync.Mutex   // guards the rest
	server  *http.Server // nil: connections are refused
	failing bool         // answers 503
	told    []told       // what it took, in the order in which it came, repeats included
	bad     []string     // what no node may send
}

// newReceiver starts a receiver that takes everything.
func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, addr: freePort(t), secret: rand.Text()}
	r.open()
	t.Cleanup(func() {
		r.close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, bad := range r.bad {
			t.Error("the receiver got", bad)
		}
	})
	return r
}

// flags are those of a node that sends to it.
func (r *receiver) flags() []string {
	return []string{"--webhook-url=http://" + r.addr + "/presence", "--webhook-secret=" + r.secret}
}

// open has the receiver take everything again.
func (r *receiver) open() {
	r.t.Helper()
	l, err := net.Listen("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	server := &http.Server{Handler: r}
	r.mu.Lock()
	r.server, r.failing = server, false
	r.mu.Unlock()
	go server.Serve(l)
}

// fail has it answer 503.
func (r *receiver) fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = true
}

// close has it refuse connections.
func (r *receiver) close() {
	r.mu.Lock()
	server := r.server
	r.server = nil
	r.mu.Unlock()
	if server != nil {
		server.Close()
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || r.failing {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	mac := hmac.New(sha256.New, []byte(r.secret))
	mac.Write(body)
	if got, want := q.Header.Get("X-Rollcall-Signature"), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		r.bad = append(r.bad, fmt.Sprintf("%d bytes signed %q, want %q", len(body), got, want))
	}
	var batch []told
	err = json.Unmarshal(body, &batch)
	if err != nil || len(batch) == 0 || len(batch) > 100 || q.Method != "POST" || q.Header.Get("Content-Type") != "application/json" {
		r.bad = append(r.bad, fmt.Sprintf("%s of %s with %d events: %v", q.Method, q.Header.Get("Content-Type"), len(batch), err))
	}
	r.told = append(r.told, batch...)
}

// all returns all that it took so far.
func (r *receiver) all() []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.told)
}

// awaitOnce waits until nodes have nothing to send, and demands that nothing of users came
// twice. Of the nodes themselves it may, in the moments when they begin to serve.
func (r *receiver) awaitOnce(nodes []*process) {
	r.t.Helper()
	eventually(r.t, "nothing more is to be sent", func() bool {
		waits := 0.0
		for _, p := range nodes {
			waits += p.metric("rollcall_webhook_queued")
		}
		return waits == 0
	})
	for _, p := range nodes {
		if line, found, _ := p.log.find("webhook fails", "Client.Timeout"); found {
			r.t.Logf("THIS MACHINE IS SLOW, and events may come twice: %s", line)
			return
		}
	}
	times := map[string]int{}
	for _, e := range r.all() {
		if times[e.ID]++; e.User != "" && times[e.ID] == 2 {
			r.t.Errorf("%q came more than once", e)
		}
	}
}

// awaitAll waits until of each user all came, and for the first time in order, that one of
// the nodes tells: that which was to send it. What is older than a time may be missing.
func (r *receiver) awaitAll(tell streams, from time.Time) {
	r.t.Helper()
	var problem string
	defer func() {
		if r.t.Failed() {
			r.t.Log(problem)
		}
	}()
	eventually(r.t, "the receiver is told all, in order", func() bool {
		came := byUser(r.all())
		stories := make([]map[string][]told, len(tell))
		for i, s := range tell {
			stories[i] = byUser(s.all())
		}
		for user := range stories[0] {
			if !slices.ContainsFunc(stories, func(of map[string][]told) bool { return holds(came[user], of[user], from) }) {
				problem = fmt.Sprintf("of %s came\n%q\nand %s tells\n%q", user, came[user], tell[0].at.name, stories[0][user])
				return false
			}
		}
		return true
	})
}

// holds reports whether a story is part of what came, in its order.
func holds(came, story []told, from time.Time) bool {
	for _, e := range story {
		i := slices.IndexFunc(came, func(c told) bool { return c.ID == e.ID })
		switch {
		case i >= 0:
			came = came[i+1:]
		case e.Time >= from.UnixMilli():
			return false
		}
	}
	return true
}

// wantOnly demands that nothing came of users but what the nodes tell.
func (r *receiver) wantOnly(tell streams) {
	r.t.Helper()
	var more []told
	defer func() {
		if r.t.Failed() {
			r.t.Logf("these came, and no node tells them: %q", more)
		}
	}()
	eventually(r.t, "all that came is told by a node", func() bool {
		var all []told
		for _, s := range tell {
			all = append(all, s.all()...)
		}
		more = missing(r.all(), all)
		return len(more) == 0
	})
}
