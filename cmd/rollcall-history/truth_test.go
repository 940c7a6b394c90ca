//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/pgtest"
	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/store"
	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/stream"
	"github.com/rollcall-presence/rollcall/node"
	"github.com/rollcall-presence/rollcall/node/client"
)

func TestTableEqualsTheTruthWhateverWasKilled(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		killAll(t, "sqlite:"+filepath.Join(t.TempDir(), "history.db"), nil)
	})
	t.Run("postgres", func(t *testing.T) {
		var server pgtest.Server
		t.Cleanup(server.Stop)
		killAll(t, server.Database(t), &server)
	})
}

// killAll has a crowd come and go on three real nodes while the program, a node and
// the database are killed, and then compares what was recorded with what was.
func killAll(t *testing.T, address string, server *pgtest.Server) {
	w, program, s := recorded(t, address)

	w.dark.from = time.Now()
	w.round(t, program.kill)
	program = startProgram(t, address, w.nodes)
	w.settle(t, s)
	w.dark.to = time.Now()

	w.last.from = time.Now()
	w.round(t, w.crash)
	if server != nil {
		w.round(t, server.Kill)
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	w.round(t, nil)
	w.settle(t, s)
	w.compare(t, s)
	if t.Failed() {
		t.Log(program.log.String())
	}
}

// recorded returns a world whose first round is in the database, and what put it there.
func recorded(t *testing.T, address string) (*world, *program, *store.Store) {
	t.Helper()
	w := newWorld(t)
	p := startProgram(t, address, w.nodes)
	s, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w.round(t, nil)
	w.settle(t, s)
	return w, p, s
}

const (
	people    = 20 // in the crowd
	roundSize = 80 // connections of one round
	atOnce    = 8  // that come and go at the same time
	patience  = 2 * time.Minute
)

// world is three nodes, and the truth about their connections.
type world struct {
	secret auth.Secret
	nodes  []*node.Node                 // that live
	dark   struct{ from, to time.Time } // while the program was dead
	last   struct {                     // moments of the node that crashed
		node *node.Node
		from time.Time // when all that it held before was recorded
		at   time.Time
	}

	mu     sync.Mutex // guards the rest
	truth  map[string]*life
	unsure int            // connections that may have been, or not
	open   sync.WaitGroup // a goroutine for each connection that has not ended
}

// life is that of one connection.
type life struct {
	user    string
	node    *node.Node
	begun   time.Time
	ended   time.Time // zero: it has not
	saidBye bool
}

func newWorld(t *testing.T) *world {
	w := &world{secret: make(auth.Secret, 32), truth: map[string]*life{}}
	_, _ = rand.Read(w.secret) // never fails
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		running.Wait()
		w.open.Wait()
	})
	for i := range 3 {
		c := node.Config{Name: fmt.Sprintf("node-%d", i+1), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Gossip: "127.0.0.1:0",
			AdminKeys: []string{"key"}, Interval: time.Second, Timeout: 2 * time.Second, Drain: node.NoDrain,
			Auth: auth.Config{Secrets: []auth.Secret{w.secret}}, Logger: slog.New(slog.DiscardHandler)}
		for _, n := range w.nodes {
			c.Join = append(c.Join, n.GossipAddr())
		}
		n, err := node.New(c)
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			if err := n.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		w.nodes = append(w.nodes, n)
	}
	eventually(t, "every node shows all nodes", func() bool {
		return !slices.ContainsFunc(w.nodes, func(n *node.Node) bool { return !n.Ready() || len(n.Nodes()) != 3 })
	})
	return w
}

// crash kills the last node.
func (w *world) crash() {
	last := len(w.nodes) - 1
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last.node, w.last.at = w.nodes[last], time.Now()
	w.last.node.Crash()
	w.nodes = w.nodes[:last]
}

// living returns the nodes that have not crashed.
func (w *world) living() []*node.Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.nodes)
}

// round has connections come and go, and does something when half of them have come.
func (w *world) round(t *testing.T, halfway func()) {
	t.Helper()
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range roundSize {
		if i == roundSize/2 && halfway != nil {
			halfway()
		}
		slots <- struct{}{}
		n := w.nodes[mrand.IntN(len(w.nodes))]
		wg.Go(func() {
			defer func() { <-slots }()
			if err := w.visit(t, n, fmt.Sprintf("user-%d", mrand.IntN(people))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// visit opens a connection, and mostly closes it after a moment.
func (w *world) visit(t *testing.T, n *node.Node, user string) error {
	token, err := auth.Sign(w.secret, auth.Claims{User: user, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, "ws://"+n.Addr()+"/v1/connect", client.Hello{Token: token}, nil)
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n != w.last.node {
			return err
		}
		w.unsure++
		return nil
	}
	l := &life{user: user, node: n, begun: time.Now()}
	w.mu.Lock()
	w.truth[c.Welcome().Session] = l
	w.mu.Unlock()
	w.open.Go(func() {
		<-c.Done()
		w.mu.Lock()
		l.ended = time.Now()
		w.mu.Unlock()
	})
	t.Cleanup(c.Break)
	w.awaitShown(t, c)
	switch mrand.IntN(10) {
	case 0: // stays
	case 1, 2, 3:
		c.Break()
	default:
		w.mu.Lock()
		l.saidBye = true
		w.mu.Unlock()
		_ = c.Close(ctx) // an error says that it has ended before
	}
	return nil
}

// awaitShown waits until every node shows a connection, or it has ended. What begins and
// ends before its node has told anybody makes no event on another.
func (w *world) awaitShown(t *testing.T, c *client.Client) {
	session, user := c.Welcome().Session, c.Welcome().Name
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for shown := false; !shown; {
		shown = true
		for _, n := range w.living() {
			shown = shown && slices.ContainsFunc(n.User(user).Sessions, func(s node.Session) bool { return s.ID == session })
		}
		select {
		case <-again.C:
		case <-c.Done():
			return
		case <-t.Context().Done():
			return
		}
	}
}

// here returns the sessions that there are.
func (w *world) here() (sessions []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for session, l := range w.truth {
		if l.ended.IsZero() {
			sessions = append(sessions, session)
		}
	}
	return sessions
}

// settle waits until what is recorded as open is what is there.
func (w *world) settle(t *testing.T, s *store.Store) {
	t.Helper()
	eventually(t, "what is open is what is there", func() bool {
		var open []string
		for c, err := range s.Current(t.Context()) {
			if err != nil {
				return false // the database is being restarted
			}
			open = append(open, c.Session)
		}
		here := w.here()
		slices.Sort(open)
		slices.Sort(here)
		return slices.Equal(open, here)
	})
}

// compare demands that every connection is in the table as it was, but for those that came
// and went while nobody recorded, and those that a node took with it in its last moment.
func (w *world) compare(t *testing.T, s *store.Store) {
	t.Helper()
	rows := map[string]stream.Connection{}
	for i := range people {
		name := fmt.Sprintf("user-%d", i)
		there := false
		for c, err := range s.Connections(t.Context(), name, 10*roundSize) {
			if err != nil {
				t.Fatal(err)
			}
			rows[c.Session] = c
			there = there || c.Logout == 0
		}
		if u, known, err := s.User(t.Context(), name); err != nil || known && there != (u.LastSeen == 0) {
			t.Errorf("%+v, %v; she is there: %v", u, err, there)
		}
	}
	missing := 0
	w.mu.Lock()
	defer w.mu.Unlock()
	for session, l := range w.truth {
		c, recorded := rows[session]
		switch inTheDark := l.begun.After(w.dark.from) && !l.ended.IsZero() && l.ended.Before(w.dark.to); {
		case recorded:
			checkRow(t, c, l)
		case inTheDark:
			missing++
		case l.node == w.last.node && l.begun.After(w.last.from) && !l.ended.Before(w.last.at):
			missing++ // its node may have died before it told anybody
		default:
			t.Errorf("%s of %s, from %v to %v, was not recorded", session, l.user, l.begun, l.ended)
		}
		delete(rows, session)
	}
	for session, c := range rows { // a client may have missed the welcome of a node that died
		if w.unsure--; w.unsure < 0 || c.Node != w.last.node.ID().String() || c.Login < w.last.from.UnixMilli() || c.Logout == 0 {
			t.Errorf("%s was recorded, and never was", session)
		}
	}
	t.Logf("%d connections, of which %d are missing", len(w.truth), missing)
}

// checkRow compares a row with the truth. Dates travel as ages, which are read late on a
// busy machine.
func checkRow(t *testing.T, c stream.Connection, l *life) {
	t.Helper()
	const tolerance = 30 * time.Second
	login, logout := time.UnixMilli(c.Login), time.UnixMilli(c.Logout)
	reasons := []string{"left", "closed", store.ReasonNodeLost, store.ReasonMissed}
	if !l.saidBye {
		reasons = reasons[1:]
	}
	if c.User != l.user || c.Node != l.node.ID().String() || !strings.HasPrefix(c.NodeName, "node-") ||
		!strings.HasPrefix(c.Address, "127.0.0.1") || c.Agent == "" || login.Sub(l.begun).Abs() > tolerance {
		t.Errorf("%+v was recorded, and the truth is %+v", c, *l)
	}
	if ended := !l.ended.IsZero(); ended != (c.Logout != 0) || ended && (!slices.Contains(reasons, c.Reason) || logout.Sub(l.ended).Abs() > tolerance) {
		t.Errorf("%+v was recorded, and the truth is %+v", c, *l)
	}
}

// eventually asks again and again until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
