package node

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/gossip/mesh/memnet"
)

var (
	virtualTime  = flag.Duration("virtual.time", 10*time.Minute, "how long the lossy cluster runs, in virtual time")
	virtualNodes = flag.Int("virtual.nodes", 20, "how many nodes the lossy cluster has")
	virtualLog   = flag.Bool("virtual.log", false, "print what the nodes log")
)

// lingering is how long memberlist's last probes and timers run on after a
// node has ended; a bubble must outlive them.
const lingering = time.Minute

// world is a cluster on virtual time: real nodes with real memberlist and real
// WebSockets, on a network in memory.
type world struct {
	*testing.T
	net   *memnet.Network
	desk  *memnet.Host // where all clients dial from
	rng   *rand.Rand
	http  *http.Client
	nodes []*virtual
	tabs  []*tab

	prepare func(*virtual) // if not nil, called with every node before it runs
}

// virtual is one node of a world.
type virtual struct {
	*Node
	host string // its address without a port
	stop context.CancelFunc
	done chan struct{} // closed when Run has returned
	err  error         // of Run; fixed once done is closed
}

// inWorld runs a test on virtual time. In the end everything is stopped; a
// goroutine that is left then fails the test.
func inWorld(t *testing.T, seed uint64, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, net: memnet.New(seed), rng: rand.New(rand.NewPCG(seed, 1))}
		var err error
		if w.desk, err = w.net.Host("127.0.1.1:1"); err != nil {
			t.Fatal(err)
		}
		w.http = &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(ctx context.Context, _, addr string) (net.Conn, error) { return w.desk.DialContext(ctx, addr) },
		}}
		defer func() {
			w.end()
			time.Sleep(lingering)
		}()
		test(w)
	})
}

// end stops all nodes at once, then the clients, and looks for what is left.
func (w *world) end() {
	for _, n := range w.nodes {
		n.stop()
	}
	for _, n := range w.nodes {
		<-n.done
		if n.err != nil {
			w.Errorf("node %s: Run returned %v", n.host, n.err)
		}
		n.wantNothingLeft(w)
	}
	for _, b := range w.tabs {
		b.cut()
	}
}

// wantNothingLeft fails the test if a node that has ended still holds a socket.
func (n *virtual) wantNothingLeft(w *world) {
	w.Helper()
	synctest.Wait() // for what a timer began just before
	n.mu.Lock()
	defer n.mu.Unlock()
	sockets := n.acceptor.Stats().Open.Load()
	if n.mishaps.dead && sockets == 0 {
		return // the rest is left as it was
	}
	if jobs := n.clocks.jobs.Load(); jobs != 0 {
		w.Errorf("node %s has ended, and %d jobs are said to wait", n.host, jobs)
	}
	if len(n.conns)+len(n.sessions)+len(n.fans)+len(n.people)+n.ties > 0 || sockets > 0 {
		w.Errorf("node %s has ended and holds %d connections, %d sessions, %d fans, %d people with %d ties, %d sockets",
			n.host, len(n.conns), len(n.sessions), len(n.fans), len(n.people), n.ties, sockets)
	}
}

// start starts a node; the nodes there are, are its seeds. Tune may change its Config.
func (w *world) start(tune ...func(*Config)) *virtual {
	w.Helper()
	n := &virtual{host: fmt.Sprintf("127.0.0.%d", len(w.nodes)+1), done: make(chan struct{})}
	transport, err := w.net.Host(n.host + ":7946")
	if err != nil {
		w.Fatal(err)
	}
	keys := testAuth
	keys.Leeway = auth.DefaultLeeway
	cfg := Config{
		Name: n.host, Listen: n.host + ":8080", Admin: n.host + ":9090", Auth: keys,
		Logger: slog.New(slog.DiscardHandler), transport: transport, listen: w.listen,
		PublicChannels: []string{"*"}, Drain: NoDrain,
	}
	if *virtualLog {
		cfg.Logger = slog.New(slog.NewTextHandler(w.Output(), nil))
	}
	for _, seed := range w.nodes[:min(3, len(w.nodes))] {
		cfg.Join = append(cfg.Join, seed.host)
	}
	for _, f := range tune {
		f(&cfg)
	}
	if n.Node, err = New(cfg); err != nil {
		w.Fatal(err)
	}
	if w.prepare != nil {
		w.prepare(n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.stop = cancel
	go func() {
		defer close(n.done)
		n.err = n.Run(ctx)
	}()
	w.nodes = append(w.nodes, n)
	return n
}

// cluster starts nodes and waits until all know each other.
func (w *world) cluster(size int, tune ...func(*Config)) []*virtual {
	w.Helper()
	for range size {
		w.start(tune...)
	}
	for _, n := range w.nodes {
		<-n.ready
	}
	w.until("every node is met by every other", 5*time.Minute, func() bool {
		for _, n := range w.nodes {
			if n.mesh.Stats().Members != len(w.nodes) {
				return false
			}
		}
		return true
	})
	time.Sleep(time.Second) // streams open
	return w.nodes
}

// until waits for a condition, at most that long.
func (w *world) until(what string, bound time.Duration, ok func() bool) {
	w.Helper()
	const step = 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += step {
		synctest.Wait()
		if ok() {
			return
		}
		if waited >= bound {
			w.Fatalf("not within %v: %s", bound, what)
		}
		time.Sleep(step)
	}
}

// between cuts or heals both directions between two nodes' gossip ports.
func (w *world) between(a, b *virtual, change func(from, to string)) {
	change(a.host+":7946", b.host+":7946")
	change(b.host+":7946", a.host+":7946")
}

// crash takes a node off the network, for its peers and for its clients: packets
// are lost, and nobody is told that a connection is over.
func (w *world) crash(n *virtual) {
	for _, other := range w.nodes {
		if other != n {
			w.between(n, other, w.net.Cut)
		}
	}
	w.net.Cut(n.host+":8080", "127.0.1.1:1")
	w.net.Cut("127.0.1.1:1", n.host+":8080")
}

// get asks a node's public handler, and returns status and body.
func (n *virtual) get(path string) (status int, body string) {
	r := httptest.NewRecorder()
	n.Handler().ServeHTTP(r, httptest.NewRequest("GET", path, nil))
	return r.Code, strings.TrimSpace(r.Body.String())
}

// token signs a token that is good for so long, for these channels if any are named.
func (w *world) token(user string, life time.Duration, channels ...string) string {
	w.Helper()
	token, err := auth.Sign([]byte(testAuth.Secrets[0]), auth.Claims{User: user, Expires: time.Now().Add(life), Channels: channels})
	if err != nil {
		w.Fatal(err)
	}
	return token
}

// listen is Config.listen over the network in memory.
func (w *world) listen(addr string) (net.Listener, error) {
	host, err := w.net.Host(addr)
	if err != nil {
		return nil, err
	}
	return &listener{host: host, addr: addr, closed: make(chan struct{})}, nil
}

type listener struct {
	host   *memnet.Host
	addr   string
	once   sync.Once
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.host.StreamCh():
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.host.Shutdown()
}

func (l *listener) Addr() net.Addr {
	addr, _ := net.ResolveTCPAddr("tcp", l.addr)
	return addr
}
