package dev

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
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

func (f *fake) User(name string) node.UserDetails {
	return node.UserDetails{Sessions: []node.Session{
		{Node: "node-1", State: "online", Channels: []string{"room.1"}}, {Node: "node-2", State: "broken", Channels: []string{"room.2"}}}}
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

func TestNodesArePausedResumedKilledAndStarted(t *testing.T) {
	s := newStage(t, 2)
	do := func(action string, status int, text string, then State) {
		t.Helper()
		s.want(status, text, "POST", "/api/nodes/node-2/"+action, "")
		if state := s.state("node-2"); state != then {
			t.Errorf("after %s node-2 is %s, want %s", action, state, then)
		}
	}
	do("start", 409, "node-2 is running and cannot be started", Running)
	do("resume", 409, "node-2 is running and cannot be resumed", Running)
	do("pause", 200, `"state":"paused"`, Paused)
	first := s.node("node-2")
	if !first.isFrozen() || s.node("node-1").isFrozen() {
		t.Error("not exactly node-2 is frozen")
	}
	do("pause", 409, "node-2 is paused and cannot be paused", Paused)
	do("start", 409, "node-2 is paused", Paused)
	do("resume", 200, `"state":"running"`, Running)
	if first.isFrozen() {
		t.Error("node-2 was not thawed")
	}
	do("pause", 200, "", Paused)
	do("kill", 200, `"state":"killed"`, Killed)
	do("kill", 409, "node-2 is killed and cannot be killed", Killed)
	do("pause", 409, "node-2 is killed", Killed)
	s.mu.Lock()
	s.ready = false
	s.mu.Unlock()
	do("start", 200, `"state":"starting"`, Starting)
	second := s.node("node-2")
	if second == first || second.config.Listen != first.config.Listen || !first.ended {
		t.Error("node-2 was not started anew, at the same address, once the former had ended")
	}
	do("pause", 409, "node-2 is starting", Starting)
	do("kill", 200, "", Killed)
	select {
	case err := <-s.cluster.Failed():
		t.Errorf("what was killed is said to have failed: %v", err)
	default:
	}
}

func TestNodeThatCannotBeStartedStaysKilled(t *testing.T) {
	s := newStage(t, 2)
	s.want(200, "", "POST", "/api/nodes/node-1/kill", "{}")
	s.mu.Lock()
	s.fail = errors.New("the port is taken")
	s.mu.Unlock()
	s.want(500, "node-1: the port is taken", "POST", "/api/nodes/node-1/start", "{}")
	if s.state("node-1") != Killed {
		t.Errorf("node-1 is %s", s.state("node-1"))
	}
	s.cluster.End()
	s.want(500, "the cluster ends", "POST", "/api/nodes/node-1/start", "{}")
}

func TestNodeThatEndsByItselfIsTold(t *testing.T) {
	s := newStage(t, 2)
	s.node("node-2").end <- errors.New("no luck")
	if err := <-s.cluster.Failed(); err == nil || !strings.Contains(err.Error(), "node-2: no luck") {
		t.Errorf("told %v", err)
	}
}

func TestWhatIsNotThereIsRefusedWithTheReason(t *testing.T) {
	s := newStage(t, 2)
	s.want(404, `there is no node \"node-9\"`, "POST", "/api/nodes/node-9/kill", "{}")
	s.want(404, `nothing called \"feed\"`, "POST", "/api/nodes/node-1/feed", "{}")
	s.want(404, "there is no GET /api/nodes", "GET", "/api/nodes", "")
	s.want(404, "there is no DELETE /api/cluster", "DELETE", "/api/cluster", "")
	s.want(404, "", "GET", "/nothing.js", "")
	s.want(405, "", "POST", "/client.js", "{}")
}

func TestSightTellsWhatNodesBelieve(t *testing.T) {
	s := newStage(t, 3)
	s.want(200, "", "POST", "/api/nodes/node-3/pause", "")
	_, body := s.ask("GET", "/api/cluster", "")
	var got Sight
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	first, last := got.Nodes[0], got.Nodes[2]
	if got.Interval != 10_000 || got.Timeout != 13_000 || got.Grace != 3_000 {
		t.Errorf("pace %+v", got)
	}
	if first.Sessions != 2 || len(first.Sees) != 2 || first.Sees[0] != (Belief{"node-2", "late"}) || first.Sees[1] != (Belief{"node-3", "gone"}) {
		t.Errorf("node-1 is %+v", first)
	}
	if last.State != Paused || last.Sessions != 0 || len(last.Sees) != 0 {
		t.Errorf("a node that is paused was asked: %+v", last)
	}
	// node-2 started again is another one: what node-1 still believes is of the former.
	s.want(200, "", "POST", "/api/nodes/node-2/kill", "")
	s.want(200, `"name":"node-2","state":"gone"`, "POST", "/api/nodes/node-2/start", "")
}

func TestTokensAreGivenForNamesThatCanBe(t *testing.T) {
	s := newStage(t, 1)
	verifier, err := auth.New(t.Context(), s.node("node-1").config.Auth)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"alice", "__proto__", "<img src=x onerror=alert(1)>", "שלום", strings.Repeat("x", 255)} {
		body, _ := json.Marshal(map[string]string{"user": user})
		_, answer := s.ask("POST", "/api/token", string(body))
		var got struct{ Token string }
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if id, err := verifier.Verify(got.Token, time.Now()); err != nil || id.User != user {
			t.Errorf("the token of %q is of %q: %v", user, id.User, err)
		}
	}
	s.want(400, "it is empty", "POST", "/api/token", `{"user":""}`)
	s.want(400, "256 bytes", "POST", "/api/token", `{"user":"`+strings.Repeat("x", 256)+`"}`)
	s.want(400, "control character", "POST", "/api/token", `{"user":"a\nb"}`)
	s.want(400, "the body", "POST", "/api/token", `{"user":1}`)
	s.want(400, "the body", "POST", "/api/token", ``)
	s.want(413, "131072 bytes", "POST", "/api/token", `{"user":"`+strings.Repeat("x", maxBody)+`"}`)
}

func TestPeopleHaveTheDevicesThatAreInTheRoom(t *testing.T) {
	s := newStage(t, 2)
	s.want(200, `{"people":[{"user":"bob","devices":[{"node":"node-1","state":"online"}]}]}`, "POST", "/api/people", `{"room":"room.1","users":["bob"]}`)
	s.want(200, `{"people":[]}`, "POST", "/api/people", `{"room":"room.1"}`)
	s.want(400, "room: ", "POST", "/api/people", `{"room":"","users":["bob"]}`)
	s.want(400, "201 users, want at most 200", "POST", "/api/people", `{"room":"r","users":["x"`+strings.Repeat(`,"x"`, 200)+`]}`)
	s.want(200, "", "POST", "/api/nodes/node-1/pause", "")
	s.want(200, "bob", "POST", "/api/people", `{"room":"room.1","users":["bob"]}`)
	s.want(200, "", "POST", "/api/nodes/node-2/kill", "")
	s.want(503, "no node is running", "POST", "/api/people", `{"room":"room.1","users":["bob"]}`)
}

func TestStreamTellsEachChangeOnce(t *testing.T) {
	s := newStage(t, 2)
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { served <- s.server.Serve(ctx, s.cluster) }()
	answer, err := http.Get(s.server.URL() + "/api/cluster/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("it is %s", kind)
	}
	lines := bufio.NewScanner(answer.Body)
	next := func() (sight Sight) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &sight); err != nil {
					t.Fatal(err)
				}
				return sight
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return sight
	}
	if n := next().Nodes[1]; n.State != Running {
		t.Errorf("at first node-2 is %s", n.State)
	}
	s.want(200, "", "POST", "/api/nodes/node-2/pause", "")
	if n := next().Nodes[1]; n.State != Paused {
		t.Errorf("then node-2 is %s", n.State)
	}
	cancel()
	_, _ = io.ReadAll(answer.Body) // or the test hangs: the stream goes on
	if err := <-served; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStage(t, 1)
	for range maxStreams {
		s.server.streams <- struct{}{}
	}
	s.want(503, "100 streams", "GET", "/api/cluster/events", "")
}
