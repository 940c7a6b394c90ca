// Package node is one node of a Rollcall cluster: it holds WebSockets, verifies
// who is on them, and tells every follower of a channel who is there, wherever
// in the cluster.
//
// # Ownership
//
// One lock, Node.mu, guards a [core.Core] (what this node hears and shows), the
// connections and the fans. Every arrival, of a client's frame, of a peer's news or
// of a moment, is one step under it: see Node.step. What a step wants done (news
// for peers, diffs for followers) is carried out after the lock is released.
//
// # The life of one join
//
//  1. A socket's goroutine reads a frame; package protocol decodes it; conn checks
//     rights and bounds.
//  2. In a step, the view makes the membership. What it wrote goes into this
//     node's table, whose readers are woken; the channel is dirty.
//  3. The channel's fan is flushed, at once or a tick later if it was flushed just
//     before: the net difference goes to its followers, encoded and framed once;
//     the roster, in which the joiner is, to those who came.
//  4. A peer's stream takes the entry from the table. The peer's copy applies it,
//     its view says what changed, and its own fan does the same for its followers.
//
// # Liveness
//
// There is no timer per socket: one goroutine ticks the core, and turns a wheel of
// the connections to look at those that may be silent, or whose token may be over.
package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/gossip/mesh"
	"github.com/rollcall-presence/rollcall/node/core"
	"github.com/rollcall-presence/rollcall/node/door"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// Node is one node. Its methods may be called concurrently.
type Node struct {
	cfg      Config
	id       channels.NodeID
	card     card // what the other nodes are told of this one
	log      *slog.Logger
	verifier *auth.Verifier
	public   auth.Public
	decoder  protocol.Decoder
	acceptor *socket.Acceptor
	mesh     *mesh.Mesh
	listener net.Listener // public
	admin    net.Listener
	endAuth  context.CancelFunc // of the verifier's refreshing

	run      atomic.Int64  // running time of the last tick, for the sockets' clock
	ready    chan struct{} // closed once the node knows its cluster
	draining chan struct{} // closed once it moves its clients elsewhere
	deserted chan struct{} // closed once it does, and has none left
	stopping chan struct{} // closed once it stops
	refused  tally         // requests answered with an error, by its code
	limited  tally         // limits that clients met, by limit
	badToken tally         // tokens refused, by reason
	paced    atomic.Uint64 // requests that had to wait for their turn
	heed     heed
	clocks   *clocks

	system      system // this and the next are fixed by New
	maxSessions int
	door        *door.Door   // of the public address
	certificate *certificate // nil: no TLS
	mishaps     mishaps

	logsPresence bool // every change, which takes every event of the view; fixed

	present sync.WaitGroup // connections that are in conns, or were there until their socket closed

	mu       sync.Mutex // guards the rest
	core     *core.Core
	entered  time.Time // when the step under way was asked for
	conns    map[*conn]struct{}
	wheel    wheel            // of these
	sessions map[uint64]*conn // by own session id
	fans     map[string]*fan
	due      []*fan // to be flushed at the end of this step
	jobs     []*fan // with something to deliver after it
	missing  bool   // members may be missing from rosters
	unsure   []*fan // whose followers are to be told that this has changed
	people   map[string]*person
	ties     int                            // of all people
	stirred  []*person                      // to be told of at the end of this step
	tellings tellings                       // to be delivered after it
	orders   map[uint64]chan gossip.Outcome // of commands that wait, by the order's id
	stats    counters
	news     newsroom
}

// counters are of this node since its start. Each field is a metric, which METRICS.md has to
// describe. Guarded by Node.mu.
type counters struct {
	Connections    uint64 // sockets accepted
	Resumed        uint64 // sockets closed because their users opened others in their stead
	HandedOver     uint64 // sessions that were taken up again on another node
	Drained        uint64 // clients that were told to go elsewhere
	Forced         uint64 // clients that were still here when the node stopped
	Mute           uint64 // sockets closed because they said no hello
	TimedOut       uint64 // sockets closed for their silence
	Expired        uint64 // sockets closed because their token was over
	Kicked         uint64 // sockets closed by operators
	Flushes, Diffs uint64 // of channels, and those that made a difference
	Postponed      uint64 // flushes, since the followers were still being given what was before
	Resyncs        uint64 // rosters sent unasked: a follower could not take the diffs, or members may be missing
	Incomplete     uint64 // times that members may have been missing
	Told           uint64 // changes of people, to each of their followers
	ToldLate       uint64 // of these, the newest to a follower who had had no room, or was let know more
}

// New makes a node and binds its ports. It serves nobody before [Node.Run]. The
// error of a wrong Config is a [*ConfigError].
func New(cfg Config) (*Node, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, log: cfg.Logger, ready: make(chan struct{}),
		draining: make(chan struct{}), deserted: make(chan struct{}), stopping: make(chan struct{}),
		mishaps:  mishaps{crashed: make(chan struct{})},
		decoder:  protocol.Decoder{MaxData: cfg.MaxData},
		conns:    map[*conn]struct{}{},
		sessions: map[uint64]*conn{},
		fans:     map[string]*fan{},
		people:   map[string]*person{},
		orders:   map[uint64]chan gossip.Outcome{},
		heed:     heed{registered: make(chan struct{})},
		refused:  newTally(protocol.Codes()...),
		limited:  newTally(limits...),
		badToken: newTally(tokenReasons()...),
		clocks:   newClocks(),

		logsPresence: cfg.Logger.Enabled(context.Background(), slog.LevelDebug),
	}
	if n.system = cfg.system; n.system == (system{}) {
		n.system = readSystem()
	}
	n.wheel.tick = n.tick()
	n.maxSessions = n.system.sessions(cfg.MaxSessions)
	n.door = door.New(n.system.strangers(), n.system.room())
	_, _ = rand.Read(n.id[:]) // never fails
	if n.public, err = auth.ParsePublic(cfg.PublicChannels); err != nil {
		return nil, &ConfigError{"PublicChannels", "", err.Error()}
	}
	if err := n.open(); err != nil {
		n.shut()
		return nil, err
	}
	// After the keys were got, or the time for that would be taken for a pause.
	n.core = core.New(core.Config{Self: n.id, Interval: cfg.Interval, Timeout: cfg.Timeout, Grace: cfg.Grace, Account: n.account,
		Rand: mrand.New(mrand.NewPCG(binary.LittleEndian.Uint64(n.id[:]), binary.LittleEndian.Uint64(n.id[8:])))}, time.Now())
	n.record()
	return n, nil
}

// open binds what the node listens on, and gets the keys.
func (n *Node) open() (err error) {
	if n.cfg.TLSCert != "" {
		if n.certificate, err = newCertificate(n.cfg.TLSCert, n.cfg.TLSKey, n.log); err != nil {
			return &ConfigError{"TLSCert", n.cfg.TLSCert, "a PEM certificate that fits the key: " + err.Error()}
		}
	}
	n.acceptor, err = socket.NewAcceptor(socket.Config{
		MaxFrame:     n.cfg.MaxFrame,
		Written:      func(took time.Duration) { n.clocks.fanout.Observe(took.Seconds()) },
		CloseTimeout: stopTime,
		Clock:        n.clock,
		Oversize: socket.Frame(protocol.AppendError(nil, &protocol.Error{Code: protocol.TooLarge,
			Message: fmt.Sprintf("frame of more than %d bytes", n.cfg.MaxFrame)})),
	})
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	if n.listener, err = n.cfg.listen(n.cfg.Listen); err != nil {
		return fmt.Errorf("node: public address: %w", err)
	}
	if n.admin, err = n.cfg.listen(n.cfg.Admin); err != nil {
		return fmt.Errorf("node: admin address: %w", err)
	}
	n.card = newCard(n.listener.Addr(), n.admin.Addr(), time.Now())
	if n.mesh, err = mesh.New(mesh.Config{
		ID: n.id, Name: n.cfg.Name, Meta: n.card.encode(), Listen: n.cfg.Gossip, Advertise: n.cfg.Advertise, Seeds: n.cfg.Join,
		Keys: n.cfg.GossipKeys, Cluster: n.cfg.Cluster, Interval: n.cfg.Interval, Logger: n.log,
		Transport: n.cfg.transport,
	}, host{n}); err != nil {
		return fmt.Errorf("node: gossip address: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.endAuth = cancel
	n.verifier, err = auth.New(ctx, n.cfg.Auth)
	switch {
	case errors.Is(err, auth.ErrNoKeys) && n.cfg.AllowAnonymous:
		n.verifier = nil // every token is refused
	case err != nil:
		return fmt.Errorf("node: %w", err)
	}
	return nil
}

// shut closes what open opened.
func (n *Node) shut() {
	for _, l := range []net.Listener{n.listener, n.admin} {
		if l != nil {
			l.Close()
		}
	}
	if n.mesh != nil {
		n.mesh.Close()
	}
	if n.endAuth != nil {
		n.endAuth()
	}
}

// ID returns the identity of this run of the node.
func (n *Node) ID() channels.NodeID { return n.id }

// Addr returns the public address that was bound, AdminAddr and GossipAddr the others.
func (n *Node) Addr() string { return n.listener.Addr().String() }

// AdminAddr returns the address of the HTTP API.
func (n *Node) AdminAddr() string { return n.admin.Addr().String() }

// GossipAddr returns the address at which other nodes reach this one.
func (n *Node) GossipAddr() string { return n.mesh.Addr() }

// Ready reports whether the node knows its cluster, and is not
// about to stop.
func (n *Node) Ready() bool {
	select {
	case <-n.ready:
		return !n.leaving()
	default:
		return false
	}
}

// Run serves until ctx ends, moves the clients elsewhere, says goodbye to them and the
// cluster, and returns nil: at most Config.Drain and some seconds after ctx has ended.
// It returns early if the node cannot begin to serve. Call it once.
func (n *Node) Run(ctx context.Context) error {
	defer n.shut()
	if n.hasCrashed() {
		return nil
	}
	hook := n.newHook()
	if err := n.mesh.Start(); err != nil {
		return fmt.Errorf("node: %w", err)
	}
	var wg sync.WaitGroup
	ticking, endTicking := context.WithCancel(context.WithoutCancel(ctx))
	wg.Go(func() { n.ticks(ticking) })
	if hook != nil {
		wg.Go(hook.run)
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		n.callBack(ticking)
	}()
	public := n.publicServer()
	admin := n.server(n.AdminHandler())
	failed := make(chan error, 2)
	wg.Go(func() { failed <- n.servePublic(public) })
	wg.Go(func() { failed <- admin.Serve(n.admin) })
	if n.certificate != nil {
		wg.Go(func() { n.certificate.watch(ticking) })
	}
	n.tellSystem()
	n.log.Info("node is up", "id", n.id.String(), "listen", n.Addr(), "admin", n.AdminAddr(), "gossip", n.GossipAddr())

	var err error
	select {
	case <-ctx.Done():
	case <-n.mishaps.crashed:
	case err = <-failed:
	}
	n.rouse()
	n.drain()
	if n.hasCrashed() { // then nobody is told anything, and else new ones that the node is going away
		public.Close()
		admin.Close()
	}
	n.stop()
	public.Close()
	closeAdmin(admin)
	endTicking()
	wg.Wait()
	n.awaitCallbacks(told)
	return err
}

// ticks gives the core its time, and sweeps the connections.
func (n *Node) ticks(ctx context.Context) {
	ticker := time.NewTicker(n.tick())
	defer ticker.Stop()
	for {
		var due time.Time
		select {
		case <-ctx.Done():
			return
		case due = <-ticker.C:
		}
		n.step(func(now time.Time) {
			n.clocks.tick.Observe(now.Sub(due).Seconds())
			n.core.Tick(now)
			n.run.Store(int64(n.core.Now(now).Run))
			n.sweep(now)
			n.judgeKnowledge()
		})
	}
}

// tick is the time between two ticks.
func (n *Node) tick() time.Duration { return n.cfg.Interval / 50 }

// clock is the running time by which sockets are heard.
func (n *Node) clock() time.Duration { return time.Duration(n.run.Load()) }
