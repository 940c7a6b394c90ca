package memnet

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// window is how many bytes one direction of a connection holds before its
// writer has to wait.
const window = 64 << 10

// flow is one direction of a connection.
type flow struct {
	net *Network

	mu      sync.Mutex
	buf     []byte
	ended   bool          // the writer closed: the end comes after buf
	broken  bool          // the reader closed: writes fail
	held    bool          // the direction is cut: nothing arrives
	changed chan struct{} // closed and replaced at every change
}

func newFlow(n *Network) *flow { return &flow{net: n, changed: make(chan struct{})} }

// update changes the flow and wakes whoever waits for it.
func (f *flow) update(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.wake()
}

// wake is called with mu held.
func (f *flow) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// over reports whether both its ends are closed.
func (f *flow) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended && f.broken
}

func (f *flow) hold(held bool) { f.update(func() { f.held = held }) }

// try runs step under the lock until it is done, waiting for a change in
// between, for the deadline, or for the conn's own end.
func (f *flow) try(c *conn, late *deadline, step func() (done bool, err error)) error {
	for {
		expired := late.wait()
		select {
		case <-c.closed:
			return net.ErrClosed
		case <-expired:
			return os.ErrDeadlineExceeded
		default:
		}
		f.mu.Lock()
		done, err := step()
		changed := f.changed
		f.mu.Unlock()
		if done {
			return err
		}
		select {
		case <-changed:
		case <-expired:
		case <-c.closed:
		}
	}
}

// conn is one end of a connection.
type conn struct {
	out, in       *flow
	local, remote net.Addr
	readBy        *deadline
	writeBy       *deadline
	once          sync.Once
	closed        chan struct{}
}

func newConn(out, in *flow, local, remote netip.AddrPort) *conn {
	return &conn{
		out: out, in: in,
		local: net.TCPAddrFromAddrPort(local), remote: net.TCPAddrFromAddrPort(remote),
		readBy: newDeadline(), writeBy: newDeadline(),
		closed: make(chan struct{}),
	}
}

// Read reads what arrived.
func (c *conn) Read(p []byte) (n int, err error) {
	f := c.in
	err = f.try(c, c.readBy, func() (bool, error) {
		switch {
		case f.held:
			return false, nil
		case len(f.buf) > 0:
			n = copy(p, f.buf)
			f.buf = f.buf[n:]
			f.wake()
			return true, nil
		case f.ended:
			return true, io.EOF
		}
		return false, nil
	})
	return n, wrap("read", c, err)
}

// Write hands bytes to the network, and waits while its window is full.
func (c *conn) Write(p []byte) (n int, err error) {
	f := c.out
	err = f.try(c, c.writeBy, func() (bool, error) {
		if f.broken && !f.held {
			return true, io.ErrClosedPipe
		}
		room := min(window-len(f.buf), len(p)-n)
		f.buf = append(f.buf, p[n:n+room]...)
		n += room
		if room > 0 {
			f.wake()
		}
		return n == len(p), nil
	})
	f.net.carried(n)
	return n, wrap("write", c, err)
}

// Close ends both directions. What was written before still arrives.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.out.update(func() { c.out.ended = true })
		c.in.update(func() { c.in.broken = true })
		c.out.net.forget(c.out, c.in)
		c.readBy.set(time.Time{})
		c.writeBy.set(time.Time{})
	})
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.readBy.set(t)
	c.writeBy.set(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error  { c.readBy.set(t); return nil }
func (c *conn) SetWriteDeadline(t time.Time) error { c.writeBy.set(t); return nil }

func wrap(op string, c *conn, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
