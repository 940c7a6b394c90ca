package mesh

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// node is a mesh with a core that only notes what it is told. Its methods that
// the mesh calls run under mu, as a Host promises.
type node struct {
	t   *testing.T
	id  channels.NodeID
	m   *Mesh
	log *logBuffer

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something happened

	met       map[channels.NodeID]gossip.Peer
	suspected map[channels.NodeID]bool
	tried     int
	packets   []string
	links     map[*gossip.Link]*fakeLink
	received  []*gossip.Frame
	opened    int
	failed    int
	closed    int
	refuse    error // what Receive returns
	dials     bool  // dial whoever is met
	fx        gossip.Effects
}

type fakeLink struct {
	peer channels.NodeID // of one that was dialed
	out  []*gossip.Frame
}

// config is a config that works on a free loopback port.
func config() Config {
	cfg := Config{Cluster: "test", Interval: 2 * time.Second, Listen: "127.0.0.1:0", Name: "label"}
	_, _ = rand.Read(cfg.ID[:])
	return cfg
}

func newNode(t *testing.T, cfg Config) *node {
	t.Helper()
	n := &node{
		t: t, id: cfg.ID, log: &logBuffer{}, changed: make(chan struct{}),
		met: map[channels.NodeID]gossip.Peer{}, suspected: map[channels.NodeID]bool{},
		links: map[*gossip.Link]*fakeLink{},
	}
	cfg.Logger = slog.New(slog.NewTextHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if n.m, err = newMesh(cfg, n.do); err != nil {
		t.Fatal(err)
	}
	return n
}

// start starts a node, to be closed at the end of the test.
func start(t *testing.T, cfg Config) *node {
	t.Helper()
	n := newNode(t, cfg)
	if err := n.m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.m.Close)
	return n
}

func (n *node) do(f func(c core, now time.Time)) {
	n.mu.Lock()
	f(n, time.Now())
	fx := n.fx
	n.fx = gossip.Effects{}
	close(n.changed)
	n.changed = make(chan struct{})
	n.mu.Unlock()
	n.m.Carry(fx)
}

// until waits until ok, which is called with mu held. News of a member that was
// lost comes with memberlist's next full sync, up to 30s later.
func (n *node) until(what string, ok func() bool) {
	n.t.Helper()
	late := time.After(2 * time.Minute)
	for {
		n.mu.Lock()
		done, changed := ok(), n.changed
		n.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-late:
			n.t.Fatalf("%v never saw: %s\n%s", n.id, what, n.log)
		}
	}
}

func (n *node) ping() *gossip.Ping {
	return &gossip.Ping{Node: n.id, Beat: 1, Interval: 10_000, Timeout: 13_000}
}

func (n *node) Met(_ time.Time, id channels.NodeID, info gossip.Peer) {
	n.met[id] = info
	if n.dials {
		n.fx.Dials = append(n.fx.Dials, gossip.Dial{To: id, Addr: info.Addr})
	}
}
func (n *node) Suspect(_ time.Time, id channels.NodeID) { n.suspected[id] = true }
func (n *node) SeedsTried(time.Time)                    { n.tried++ }
func (n *node) Packet(_ time.Time, data []byte)         { n.packets = append(n.packets, string(data)) }
func (n *node) Ack(_ time.Time, data []byte, ago time.Duration) {
	n.packets = append(n.packets, string(data))
	if ago < 0 || ago > time.Minute {
		n.t.Errorf("an answer to a probe of %v ago", ago)
	}
}
func (n *node) Payload(time.Time) []byte              { return []byte("ack of " + n.id.String()) }
func (n *node) DialFailed(time.Time, channels.NodeID) { n.failed++ }
func (n *node) Closed(_ time.Time, l *gossip.Link)    { n.closed++; delete(n.links, l) }
func (n *node) Accepted(time.Time) *gossip.Link       { return n.link(channels.NodeID{}) }
func (n *node) link(peer channels.NodeID) *gossip.Link {
	l := new(gossip.Link)
	n.links[l] = &fakeLink{peer: peer, out: []*gossip.Frame{{Ping: n.ping()}}}
	return l
}

func (n *node) Opened(_ time.Time, peer channels.NodeID) *gossip.Link {
	n.opened++
	return n.link(peer)
}

func (n *node) Receive(_ time.Time, _ *gossip.Link, f *gossip.Frame) error {
	n.received = append(n.received, f)
	return n.refuse
}

func (n *node) Next(_ time.Time, l *gossip.Link) *gossip.Frame {
	s := n.links[l]
	if s == nil || len(s.out) == 0 {
		return nil
	}
	f := s.out[0]
	s.out = s.out[1:]
	return f
}

// act runs f under the lock and carries out the effects that it left.
func (n *node) act(f func()) { n.do(func(core, time.Time) { f() }) }

// send asks for a datagram to another node.
func (n *node) send(to *node, data string) {
	n.act(func() {
		n.fx.Packets = append(n.fx.Packets, gossip.Packet{To: to.id, Addr: to.m.Addr(), Data: []byte(data)})
	})
}

func (n *node) dial(to *node) {
	n.act(func() { n.fx.Dials = append(n.fx.Dials, gossip.Dial{To: to.id, Addr: to.m.Addr()}) })
}

// heardFrom says whether a frame of another node has arrived. Called with mu held.
func (n *node) heardFrom(id channels.NodeID) bool {
	return slices.ContainsFunc(n.received, func(f *gossip.Frame) bool { return f.Ping.Node == id })
}

func (n *node) got(packet string) func() bool {
	return func() bool { return slices.Contains(n.packets, packet) }
}

// logBuffer is a log that tests read.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// count counts warnings that hold a text.
func (b *logBuffer) count(text string) (n int) {
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "WARN") && strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func key(t *testing.T, s string) []byte {
	t.Helper()
	k := bytes.Repeat([]byte(s), 32)[:32]
	return k
}

// closedByPeer reads from a connection until it is closed, and returns what came.
func closedByPeer(t *testing.T, c net.Conn) []byte {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	got, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the connection is still open")
	}
	return got
}
