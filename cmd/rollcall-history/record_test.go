//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/store"
)

// cluster is what the nodes of a fake cluster agree on: the sessions that there are. It
// tells them and what changes as a node does.
type cluster struct {
	mu       sync.Mutex
	serial   int
	sessions map[string]told // by session
	streams  map[chan string]bool
	changed  chan struct{} // closed and replaced when a stream comes or goes
	refuse   bool
}

func newCluster() *cluster {
	return &cluster{sessions: map[string]told{}, streams: map[chan string]bool{}, changed: make(chan struct{})}
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
		p := told{ID: fmt.Sprintf("sync-%d-%d", c.serial, len(all)), Type: "sync", Time: now(), Nodes: []named{{"n1"}, {"n2"}}}
		n := min(2, len(all))
		sessions := []session{}
		for _, s := range all[:n] {
			sessions = append(sessions, session{ID: s.Session, NodeID: s.NodeID, User: s.User, Address: s.Address, Agent: s.Agent, ConnectedAt: s.ConnectedAt})
		}
		p.Sessions, _ = json.Marshal(sessions)
		all = all[n:]
		p.More = len(all) > 0
		stream <- frame(p)
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
	e := told{ID: "in-" + name, Type: "session.connected", Time: at, NodeID: "n1", User: user, Session: name,
		Address: "192.0.2.1:5", Agent: "Firefox", ConnectedAt: at}
	c.sessions[name] = e
	c.tell(e)
}

func (c *cluster) disconnect(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.sessions[name]
	delete(c.sessions, name)
	c.tell(told{ID: "out-" + name, Type: "session.disconnected", Time: now(), NodeID: e.NodeID, User: e.User, Session: name, Reason: "closed"})
}

func (c *cluster) tell(e told) {
	for stream := range c.streams {
		stream <- frame(e)
		stream <- frame(e) // a repeat is harmless
	}
}

func frame(e told) string {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Type, text)
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

func TestStreamIsReadAsTheStandardSays(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, ": comment\n\nevent: a\ndata: 1\ndata:2\n\nid: 7\r\nevent: b\r\ndata:  3\r\n\r\nevent: c\n\nretry: 5\ndata: 4\n\ndata: never ended")
	}))
	defer server.Close()
	s, err := connect(t.Context(), server.Client(), server.URL, "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var got []message
	for {
		m, err := s.next()
		if err != nil {
			break
		}
		got = append(got, m)
	}
	want := []message{{}, {event: "a", data: "1\n2"}, {event: "b", id: "7", data: " 3"}, {data: "4"}}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSilentNodeIsGivenUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	s, err := connect(t.Context(), server.Client(), server.URL, "", 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if _, err := s.next(); err == nil {
		t.Error("no error")
	}
}

func TestRefusalIsTold(t *testing.T) {
	c := newCluster()
	if _, err := connect(t.Context(), http.DefaultClient, c.node(t).URL, "wrong", time.Minute); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("%v, want 401", err)
	}
}
