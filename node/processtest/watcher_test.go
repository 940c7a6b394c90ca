//go:build unix

package processtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// event is what a watcher was told of one user.
type event struct {
	kind   string // join, update or leave
	user   string
	reason string // of a leave
	at     time.Time
}

func (e event) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", e.kind, e.user, e.reason))
}

// watcher follows one channel, on one connection after another, and records
// every event, the differences between rosters among them.
type watcher struct {
	name    string // for failures
	channel string
	user    string // given by the first connect

	mu       sync.Mutex // guards the rest
	rosters  client.Rosters
	knows    bool // has had a roster
	events   []event
	problems []error       // of the protocol, which never may be
	changed  chan struct{} // closed with the next message
}

// watch follows a channel on a node with a socket that lives as long as the test.
func (c *cluster) watch(at *process, channel string) *watcher {
	c.t.Helper()
	w := newWatcher("watcher on "+at.name, channel)
	conn, err := w.connect(c.t.Context(), c, at, "", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Break)
	return w
}

func newWatcher(name, channel string) *watcher {
	return &watcher{name: name, channel: channel, changed: make(chan struct{})}
}

// connect goes on watching on a node: in the place of another connection, unless that
// is nil.
func (w *watcher) connect(ctx context.Context, c *cluster, at *process, resume string, old *client.Client) (*client.Client, error) {
	if w.user == "" {
		w.user = c.name("watcher")
	}
	if old == nil {
		w.rosters.Reconnect()
	}
	feed := w.rosters.Feed()
	take := func(m *client.Message) { w.take(feed, m) }
	return c.connect(ctx, at, client.Hello{Token: c.token(w.user), Resume: resume}, old, take,
		func(ctx context.Context, conn *client.Client) error { _, err := conn.Watch(ctx, w.channel); return err })
}

// take records what a message of one connection tells.
func (w *watcher) take(feed *client.Feed, m *client.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	changes, err := feed.Apply(m)
	if err != nil {
		w.problems = append(w.problems, err)
	}
	if m.Type == "error" || m.Type == "ended" {
		w.problems = append(w.problems, fmt.Errorf("got %s %s", m.Type, m.Code))
	}
	if w.knows {
		w.record(now, changes)
	}
	w.knows = w.knows || m.Type == "roster" && !m.More
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watcher) record(now time.Time, c client.Changes) {
	for _, m := range c.Join {
		w.events = append(w.events, event{"join", m.User, "", now})
	}
	for _, m := range c.Update {
		w.events = append(w.events, event{"update", m.User, "", now})
	}
	for _, l := range c.Leave {
		w.events = append(w.events, event{"leave", l.User, l.Reason, now})
	}
}

// await waits until ok says that what the watcher knows is enough.
func (w *watcher) await(t *testing.T, what string, ok func(roster []string, events []event) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		w.mu.Lock()
		roster, _ := w.rosters.Roster(w.channel)
		done, changed := ok(roster.Users(), w.events), w.changed
		events, problems := slices.Clone(w.events), slices.Clone(w.problems)
		w.mu.Unlock()
		if len(problems) > 0 {
			t.Fatalf("%s: %v", w.name, problems)
		}
		if done {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%s: not within %v: %s\nroster (%d): %.300q\nevents (%d): %.600v", w.name, patience, what,
				len(roster.Members), roster.Users(), len(events), events)
		}
	}
}

// awaitEach waits until there was an event of that kind for each of the users.
func (w *watcher) awaitEach(t *testing.T, kind string, users []string) {
	t.Helper()
	w.await(t, fmt.Sprintf("%s of %d users", kind, len(users)), func(_ []string, events []event) bool {
		missing := map[string]bool{}
		for _, user := range users {
			missing[user] = true
		}
		for _, e := range events {
			if e.kind == kind {
				delete(missing, e.user)
			}
		}
		return len(missing) == 0
	})
}

// awaitRoster waits until exactly these users are listed.
func (w *watcher) awaitRoster(t *testing.T, users []string) {
	t.Helper()
	want := slices.Sorted(slices.Values(users))
	w.await(t, fmt.Sprintf("roster of %d users", len(want)), func(roster []string, _ []event) bool {
		return slices.Equal(roster, want)
	})
}

// excuse forgets the events of those who were back too late: they are right.
func (w *watcher) excuse(late *sync.Map) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = slices.DeleteFunc(w.events, func(e event) bool { _, is := late.Load(e.user); return is })
}

// flush returns the events since the last flush, but for those of markers.
func (w *watcher) flush() []event {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := slices.DeleteFunc(w.events, func(e event) bool { return strings.HasPrefix(e.user, markerPrefix) })
	w.events = nil
	return events
}
