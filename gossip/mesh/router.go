package mesh

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// First bytes of connections, as their sender's protocol has them.
const (
	lastMemberlist  = 13   // memberlist's message types
	memberlistLabel = 244  // memberlist's label header
	firstTLS        = 0x16 // a TLS handshake record
	firstPlain      = 'R'  // of magic
)

const (
	// maxUndecided bounds accepted connections that have not yet shown what
	// they are; streams among them count until they have proved the key.
	maxUndecided = 128

	// maxAccepted bounds accepted connections of all kinds.
	maxAccepted = 2048
)

// router shares one port between memberlist and the streams of the mesh. It is
// the transport that memberlist is given: packets pass through, and of the
// accepted connections memberlist gets those that begin as its own do.
type router struct {
	inner    Transport
	keyed    bool          // streams are TLS, else plain
	patience time.Duration // for the first byte
	count    *counters
	serve    func(c *conn, decided func()) // runs a stream until it ends, and closes it
	refused  func(addr net.Addr)           // one of the other kind came

	members   chan net.Conn // accepted for memberlist
	undecided chan struct{} // as many as there are undecided connections

	ctx    context.Context // ends with the router
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex // guards the rest
	conns    map[*conn]struct{}
	accepted int
	down     bool
}

func newRouter(inner Transport, count *counters) *router {
	ctx, cancel := context.WithCancel(context.Background())
	return &router{
		inner: inner, count: count,
		members:   make(chan net.Conn),
		undecided: make(chan struct{}, maxUndecided),
		ctx:       ctx, cancel: cancel,
		conns: map[*conn]struct{}{},
	}
}

// run accepts until Shutdown. Before it, connections wait.
func (r *router) run() {
	r.wg.Go(func() {
		for {
			select {
			case raw := <-r.inner.StreamCh():
				r.route(raw)
			case <-r.ctx.Done():
				return
			}
		}
	})
}

// route takes one accepted connection. It never blocks: what the connection is
// shows in a goroutine of its own.
func (r *router) route(raw net.Conn) {
	c := r.track(raw, true)
	if c == nil {
		return
	}
	select {
	case r.undecided <- struct{}{}:
		r.wg.Go(func() { r.decide(c) })
	default:
		r.count.crowded.Add(1)
		_ = c.Close()
	}
}

// decide hands the connection to whom its first byte names.
func (r *router) decide(c *conn) {
	decided := sync.OnceFunc(func() { <-r.undecided })
	defer decided()
	first, err := c.peek(time.Now().Add(r.patience))
	switch {
	case err != nil:
		r.count.garbage.Add(1)
	case first <= lastMemberlist || first == memberlistLabel:
		select {
		case r.members <- c:
			return
		case <-r.ctx.Done():
		}
	case first == firstTLS && r.keyed || first == firstPlain && !r.keyed:
		r.serve(c, decided)
		return
	case first == firstTLS || first == firstPlain:
		r.refused(c.RemoteAddr())
		alien(c, first, time.Now().Add(r.patience))
	default:
		r.count.garbage.Add(1)
	}
	_ = c.Close()
}

// track makes a connection known, or closes it and returns nil.
func (r *router) track(raw net.Conn, accepted bool) *conn {
	c := &conn{Conn: raw, router: r, accepted: accepted}
	r.mu.Lock()
	crowded := accepted && r.accepted >= maxAccepted
	ok := !r.down && !crowded
	if ok {
		r.conns[c] = struct{}{}
		if accepted {
			r.accepted++
		}
	}
	r.mu.Unlock()
	if !ok {
		if crowded {
			r.count.crowded.Add(1)
		}
		_ = raw.Close()
		return nil
	}
	return c
}

func (r *router) forget(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.conns[c]; !ok {
		return
	}
	delete(r.conns, c)
	if c.accepted {
		r.accepted--
	}
}

// dial connects to another node's gossip port.
func (r *router) dial(ctx context.Context, addr string) (*conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	raw, err := r.inner.DialContext(ctx, addr)
	if err != nil {
		return nil, err
	}
	c := r.track(raw, false)
	if c == nil {
		return nil, net.ErrClosed
	}
	return c, nil
}

// The rest is memberlist's side: memberlist.NodeAwareTransport.

func (r *router) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	return r.inner.FinalAdvertiseAddr(ip, port)
}

func (r *router) PacketCh() <-chan *memberlist.Packet { return r.inner.PacketCh() }

func (r *router) StreamCh() <-chan net.Conn { return r.members }

func (r *router) WriteTo(b []byte, addr string) (time.Time, error) {
	sent, err := r.inner.WriteTo(b, addr)
	if err == nil {
		r.count.udpSent.Add(uint64(len(b)))
	}
	return sent, err
}

func (r *router) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	return r.WriteTo(b, a.Addr)
}

func (r *router) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	c, err := r.dial(ctx, addr)
	if err != nil {
		return nil, err // a nil *conn must not become a net.Conn
	}
	return c, nil
}

func (r *router) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return r.DialTimeout(a.Addr, timeout)
}

// Shutdown closes the port and every connection, and returns when all that the
// router started has ended. Calling it again does nothing.
func (r *router) Shutdown() error {
	r.mu.Lock()
	again := r.down
	r.down = true
	r.mu.Unlock()
	if again {
		r.wg.Wait()
		return nil
	}
	var drain sync.WaitGroup
	drained := make(chan struct{})
	drain.Go(func() { // whoever serves the channels may be blocked in one of them
		for {
			select {
			case <-r.inner.PacketCh():
			case raw := <-r.inner.StreamCh():
				_ = raw.Close()
			case <-drained:
				return
			}
		}
	})
	err := r.inner.Shutdown()
	close(drained)
	drain.Wait()
	r.cancel()
	r.mu.Lock()
	open := make([]*conn, 0, len(r.conns))
	for c := range r.conns {
		open = append(open, c)
	}
	r.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	r.wg.Wait()
	return err
}
