package wiretest

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// told is an event as it comes.
type told struct {
	ID, Type, User, Session, Channel, Reason, Status, Node string
	Time                                                   int64
	Sessions                                               []json.RawMessage
}

func (e told) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.Type, e.User, e.Channel, e.Reason))
}

// wantTold waits for the next event of a user, which has to be this one.
func (w *world) wantTold(events <-chan told, user, want string) told {
	w.Helper()
	late := time.After(patience)
	for {
		select {
		case e, open := <-events:
			switch {
			case !open:
				w.Fatalf("the events end before %s", want)
			case e.User != user:
				continue
			case strings.Join(strings.Fields(e.String()), " ") != want || e.ID == "" || e.Time == 0 || e.Node == "":
				w.Fatalf("told %+v, want %s", e, want)
			}
			return e
		case <-late:
			w.Fatalf("nothing came for %v, want %s", patience, want)
		}
	}
}

// wantLife has a user come and go, and events tell of it. She goes when all told that she came:
// who hears of both at once tells of neither.
func (w *world) wantLife(n *node.Node, user string, events ...<-chan told) {
	w.Helper()
	c := w.hello(n, user)
	c.join("room~", user)
	u, room := w.own(user), w.own("room~")
	ids := map[string]bool{}
	w.wantSame(ids, u, events, "session.connected "+u, "user.online "+u, "channel.join "+u+" "+room)
	c.send(`{"type":"bye"}`)
	c.wantClose(1000)
	w.wantSame(ids, u, events, "session.disconnected "+u+" left", "user.offline "+u, "channel.leave "+u+" "+room+" left")
}

// wantSame waits until all have told the same of a user, each event by an id of its own.
func (w *world) wantSame(ids map[string]bool, user string, events []<-chan told, all ...string) {
	w.Helper()
	for _, want := range all {
		id := w.wantTold(events[0], user, want).ID
		for _, from := range events[1:] {
			if e := w.wantTold(from, user, want); e.ID != id {
				w.Errorf("%s has two ids", want)
			}
		}
		if ids[id] {
			w.Errorf("%s has the id of another event", want)
		}
		ids[id] = true
	}
}

// consume reads the server-sent events of a node, from its sync on.
func (w *world) consume(n *node.Node) <-chan told {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+n.AdminAddr()+"/v1/events", nil)
	if err != nil {
		w.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		w.Fatalf("%v %v", response, err)
	}
	events := make(chan told, 10_000)
	go func() {
		defer close(events)
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				var e told
				if err := json.Unmarshal([]byte(data), &e); err != nil {
					e.Type = "broken: " + data
				}
				events <- e
			}
		}
	}()
	select {
	case first := <-events:
		if first.Type != "sync" || first.Sessions == nil {
			w.Fatalf("the stream begins with %+v, want sync", first)
		}
	case <-time.After(patience):
		w.Fatal("the stream does not begin")
	}
	return events
}

func TestStreamsOfTwoNodesTellTheSame(t *testing.T) {
	w := newWorld(t)
	w.wantLife(here, "alice~", w.consume(here), w.consume(there))
}

func TestWebhooksAreSignedAndComeOnce(t *testing.T) {
	w := newWorld(t)
	const secret = "of the webhook"
	events := make(chan told, 10_000)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); r.Header.Get("X-Rollcall-Signature") != want || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("signed %v", r.Header)
		}
		var all []told
		if err := json.Unmarshal(body, &all); err != nil || len(all) < 1 || len(all) > 100 {
			t.Errorf("%d events: %v", len(all), err)
		}
		for _, e := range all {
			events <- e
		}
	}))
	defer receiver.Close()
	hook := func(c *node.Config) { c.WebhookURL, c.WebhookSecret = receiver.URL, auth.Secret(secret) }
	n, end := w.start("hooked", hook)
	w.wantLife(n, "alice~", events)
	w.wantLife(n, "bob~", events)
	end()
	for len(events) > 0 {
		t.Errorf("and %v", <-events)
	}
}
