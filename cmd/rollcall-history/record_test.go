//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/store"
	"github.com/rollcall-presence/rollcall/node/events"
)

// cluster is what the nodes of a fake cluster agree on: the sessions that there are. It
// tells them and what changes as a node does.
type cluster struct {
	mu       sync.Mutex
	serial   int
	sessions map[string]events.Event // by session
	streams  map[chan string]bool
	changed  chan struct{} // closed and replaced when a stream comes or goes
	refuse   bool
}

func newCluster() *cluster {
	return &cluster{sessions: map[string]events.Event{}, streams: map[chan string]bool{}, changed: make(chan struct{})}
}

// node serves one node of the cluster.
func (c *cluster) node(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer key" || r.URL.Path != "/v1/events" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		stream, ok := c.open()
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer c.leave(stream)
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case text, ok := <-stream:
				if !ok {
					return
				}
				fmt.Fprint(w, text)
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// open begins a stream with a sync, in parts of two sessions.
func (c *cluster) open() (chan string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse {
		return nil, false
	}
	stream := make(chan string, 10_000)
	c.streams[stream] = true
	c.serial++
	stream <- ": hello\n\n"
	all := slices.Collect(maps.Values(c.sessions))
	for first := true; first || len(all) > 0; first = false {
		n := min(2, len(all))
		p := events.Part{ID: fmt.Sprintf("sync-%d-%d", c.serial, len(all)), Type: "sync", Time: now(), More: len(all) > n,
			Nodes: []events.SyncNode{{ID: "n1"}, {ID: "n2"}}, Sessions: []events.SyncSession{}}
		for _, e := range all[:n] {
			p.Sessions = append(p.Sessions, events.SyncSession{ID: e.Session, NodeID: e.NodeID, User: e.User, Connection: e.Connection})
		}
		all = all[n:]
		stream <- frame(p.ID, p.Type, p)
	}
	c.stir()
	return stream, true
}

func (c *cluster) leave(stream chan string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, stream)
	c.stir()
}

func (c *cluster) stir() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// cut ends all streams, and takes no new one as long as refuse is set.
func (c *cluster) cut(refuse bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = refuse
	for stream := range c.streams {
		close(stream)
		delete(c.streams, stream)
	}
}

// streaming waits until somebody reads.
func (c *cluster) streaming(t *testing.T) {
	t.Helper()
	late := time.After(patience)
	for {
		c.mu.Lock()
		n, changed := len(c.streams), c.changed
		c.mu.Unlock()
		if n > 0 {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("nobody reads the events")
		}
	}
}

func (c *cluster) connect(name, user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := now()
	e := events.Event{ID: "in-" + name, Type: events.SessionConnected, Time: at, NodeID: "n1", User: user, Session: name,
		Connection: &events.Connection{Address: "192.0.2.1:5", Agent: "Firefox", ConnectedAt: at}}
	c.sessions[name] = e
	c.tell(e)
}

func (c *cluster) disconnect(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.sessions[name]
	delete(c.sessions, name)
	c.tell(events.Event{ID: "out-" + name, Type: events.SessionDisconnected, Time: now(), NodeID: e.NodeID, User: e.User, Session: name, Reason: "closed"})
}

func (c *cluster) tell(e events.Event) {
	text := frame(e.ID, string(e.Type), e)
	for stream := range c.streams {
		stream <- text
		stream <- text // a repeat is harmless
	}
}

// frame returns an event, or a part of a sync, as a node streams it.
func frame(id, typ string, v any) string {
	return fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", id, typ, events.Text(v))
}

func now() int64 { return time.Now().UnixMilli() }

// record starts a recorder, which ends with the test or by calling stop.
func record(t *testing.T, s *store.Store, urls ...string) (stop func()) {
	t.Helper()
	var log lines
	r := &recorder{urls: urls, key: "key", resync: time.Hour, store: s, client: &http.Client{}, log: slog.New(slog.NewTextHandler(&log, nil))}
	ctx, cancel := context.WithCancel(t.Context())
	var over sync.WaitGroup
	over.Go(func() { r.run(ctx) })
	stop = func() { cancel(); over.Wait() }
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return stop
}

// lines is a log that a test reads.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// settled waits until the open connections of a store are those of the cluster, and checks
// that each that ended is closed.
func settled(t *testing.T, c *cluster, s *store.Store) {
	t.Helper()
	c.mu.Lock()
	want := slices.Sorted(maps.Keys(c.sessions))
	c.mu.Unlock()
	eventually(t, fmt.Sprintf("%v and no others are open", want), func() bool {
		var open []string
		for connection, err := range s.Current(t.Context()) {
			if err != nil {
				return false // the database is being restarted
			}
			open = append(open, connection.Session)
		}
		slices.Sort(open)
		return slices.Equal(open, want)
	})
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConnectionsAreRecordedAsTheyComeAndGo(t *testing.T) {
	c, s := newCluster(), openStore(t)
	for i := range 5 {
		c.connect(fmt.Sprint("before-", i), "alice")
	}
	record(t, s, c.node(t).URL)
	c.streaming(t)
	settled(t, c, s)
	c.connect("later", "bob")
	c.disconnect("before-3")
	settled(t, c, s)
	c.disconnect("later")
	settled(t, c, s)
	for connection := range s.Connections(t.Context(), "bob", 9) {
		if connection.Reason != "closed" || connection.Address != "192.0.2.1:5" || connection.Agent != "Firefox" || connection.Logout < connection.Login {
			t.Errorf("%+v", connection)
		}
	}
}

func TestWhatWasMissedIsMadeUpFor(t *testing.T) {
	c, s := newCluster(), openStore(t)
	c.connect("a", "alice")
	c.connect("b", "bob")
	stop := record(t, s, c.node(t).URL)
	settled(t, c, s)
	stop() // as if it were updated
	c.disconnect("a")
	c.connect("c", "carol")
	record(t, s, c.node(t).URL)
	settled(t, c, s)
	for connection := range s.Connections(t.Context(), "alice", 9) {
		if connection.Reason != store.ReasonMissed {
			t.Errorf("%+v", connection)
		}
	}
}

func TestAnotherNodeIsReadWhenOneFails(t *testing.T) {
	c, s := newCluster(), openStore(t)
	first, second := c.node(t), c.node(t)
	c.connect("a", "alice")
	record(t, s, first.URL, second.URL)
	settled(t, c, s)
	first.CloseClientConnections()
	first.Close()
	c.connect("b", "bob")
	settled(t, c, s)
	c.cut(false)
	c.disconnect("a")
	settled(t, c, s)
}
