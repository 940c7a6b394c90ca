package dev

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node"
)

// fake is a node that does nothing but end as it is told.
type fake struct {
	config  node.Config
	run     int // which one of this name
	ready   bool
	crashed chan struct{}
	end     chan error

	mu     sync.Mutex
	frozen bool
	ended  bool
	more   []node.Session
}

func (f *fake) ID() (id channels.NodeID) { copy(id[:], f.config.Name); id[15] = byte(f.run); return id }
func (f *fake) Ready() bool              { return f.ready }
func (f *fake) Crash()                   { close(f.crashed) }

func (f *fake) Run(ctx context.Context) (err error) {
	select {
	case <-ctx.Done():
	case <-f.crashed:
	case err = <-f.end:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	return err
}

func (f *fake) Freeze() func() {
	f.setFrozen(true)
	return func() { f.setFrozen(false) }
}

func (f *fake) setFrozen(frozen bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen = frozen
}

func (f *fake) isFrozen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.frozen
}

// Nodes tells of itself, and of a node-2 that is late.
func (f *fake) Nodes() []node.NodeInfo {
	other := fake{config: node.Config{Name: "node-2"}}
	return []node.NodeInfo{{ID: f.ID().String(), Name: f.config.Name, State: "here", Sessions: 5, Anonymous: 3},
		{ID: other.ID().String(), Name: "node-2", State: "late"}}
}

func (f *fake) Roster(string) []node.Member { return []node.Member{{User: "bob"}} }

// User tells of a device in each of two rooms, and of those that sat down since.
func (f *fake) User(string) node.UserDetails {
	f.mu.Lock()
	defer f.mu.Unlock()
	return node.UserDetails{Sessions: append([]node.Session{
		{Node: "node-1", State: "online", Channels: []string{"room.1"}}, {Node: "node-2", State: "broken", Channels: []string{"room.2"}}}, f.more...)}
}

func (f *fake) sit(s node.Session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.more = append(f.more, s)
}

// stage is a server on a cluster of fakes.
type stage struct {
	*testing.T
	server  *Server
	cluster *Cluster
	handler http.Handler

	mu    sync.Mutex
	made  map[string]*fake // the newest of each name
	ready bool             // those to be made
	fail  error            // to make one
}

func newStage(t *testing.T, nodes int) *stage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &stage{T: t, made: map[string]*fake{}, ready: true, server: NewServer(l)}
	s.cluster, err = NewCluster(Config{Nodes: nodes, Interval: 10 * time.Second, Origins: s.server.Origins(), New: s.make})
	if err == nil {
		err = s.cluster.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cluster.End)
	s.server.cluster, s.server.ending = s.cluster, t.Context()
	s.handler = s.server.Handler()
	return s
}

func (s *stage) make(c node.Config) (Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	f := &fake{config: c, ready: s.ready, crashed: make(chan struct{}), end: make(chan error, 1)}
	if before := s.made[c.Name]; before != nil {
		f.run = before.run + 1
	}
	s.made[c.Name] = f
	return f, nil
}

// node returns the newest node of a name.
func (s *stage) node(name string) *fake {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made[name]
}

// ask sends a request as the page does, changed by tune.
func (s *stage) ask(method, path, body string, tune ...func(*http.Request)) (status int, answer string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = s.server.hosts[0]
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", s.server.URL())
	}
	for _, f := range tune {
		f(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// want fails the test unless a request is answered with that status and text.
func (s *stage) want(status int, text, method, path, body string, tune ...func(*http.Request)) {
	s.Helper()
	if code, answer := s.ask(method, path, body, tune...); code != status || !strings.Contains(answer, text) {
		s.Errorf("%s %s %.60s: %d %.300s, want %d and %q", method, path, body, code, answer, status, text)
	}
}

// state returns the state of a node as the page is told.
func (s *stage) state(name string) State {
	for _, n := range s.cluster.Sight().Nodes {
		if n.Name == name {
			return n.State
		}
	}
	return ""
}
