package socket

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// wire is the connection as the WebSocket library sees it. Whole
// frames are written one after the other: the library flushes each of its own, which are
// control frames and fit into its buffer, in one Write.
type wire struct {
	net.Conn
	raw     net.Conn // below TLS, or the same
	early   []byte   // sent by the client before the upgrade; owned by the reader
	clock   func() time.Duration
	timeout time.Duration // of one write

	heard atomic.Int64 // when bytes came in last, by clock
	sent  atomic.Int64 // when bytes went out last, by clock

	until time.Time // the write deadline that is set; owned by whoever writes

	direct syscall.RawConn // below Conn, for writes that do not wait; nil: there are none

	mu   sync.Mutex
	free sync.Cond // signalled when busy ends; uses mu
	busy bool      // somebody writes
	mute bool      // a close frame is out, or half of some frame: nothing may follow
}

// init sets w up, all but the connection.
func (w *wire) init(clock func() time.Duration, timeout time.Duration) {
	w.clock, w.timeout, w.free.L = clock, timeout, &w.mu
	w.heard.Store(int64(clock()))
	w.sent.Store(int64(clock()))
}

// cut ends the connection at once. To close a TLS connection would be to write to it
// first, and to wait for a client that does not read.
func (w *wire) cut() { w.raw.Close() }

// Read reads for the library. Bytes of any kind are a sign of life. That there will be no more is
// an error: io.EOF would be the end of a message, be that whole or not, to the library and to who reads it.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.early) > 0 {
		n := copy(p, w.early)
		if w.early = w.early[n:]; len(w.early) == 0 {
			w.early = nil
		}
		return n, nil
	}
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.heard.Store(int64(w.clock()))
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Write writes a frame of the library's. Once a close frame is out, another is
// dropped: the library does not know of the one we wrote.
func (w *wire) Write(p []byte) (int, error) {
	return len(p), w.send(p, p[0] == closing)
}

// send writes whole frames; last says that they end with a close frame.
func (w *wire) send(p []byte, last bool) error {
	return w.sendAll(&chunk{p: p, last: last})
}

// sendAll writes what is left of a chunk, and waits for the network as long as that takes.
func (w *wire) sendAll(c *chunk) (err error) {
	if !c.holds && !w.acquire(c.last) {
		return nil
	}
	for c.left() > 0 && err == nil {
		if err = w.write(c.p); err == nil {
			c.passed(len(c.p))
		}
	}
	w.release(err != nil)
	return err
}

// offer writes as much of a chunk as the network takes at once, with an attempt of the
// caller's. If that is not all of it, sendAll does the rest; nobody else writes before that.
func (w *wire) offer(a *attempt, c *chunk) error {
	w.mu.Lock()
	if w.busy || w.mute {
		defer w.mu.Unlock()
		if w.mute {
			c.p, c.rest = nil, nil
		}
		return nil
	}
	w.busy, w.mute = true, c.last
	w.mu.Unlock()
	err := w.clearDeadline()
	for c.left() > 0 && err == nil {
		var n int
		if n, err = a.write(w.direct, c.p); n > 0 {
			w.sent.Store(int64(w.clock()))
		}
		if whole := n == len(c.p); !whole && err == nil {
			c.passed(n)
			c.holds = true
			return nil
		}
		c.passed(n)
	}
	w.release(err != nil)
	return err
}

// clearDeadline lets no former deadline end a write that does not wait.
func (w *wire) clearDeadline() error {
	if w.until.IsZero() {
		return nil
	}
	w.until = time.Time{}
	return w.Conn.SetWriteDeadline(time.Time{})
}

// acquire waits until nobody else writes. It reports whether anything may still be written.
// The lock is a flag under mu, so that a goroutine that waits for a slow network
// does not stop virtual time in tests, as one that waits for a mutex does.
func (w *wire) acquire(last bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.busy {
		w.free.Wait()
	}
	if w.mute {
		return false
	}
	w.busy, w.mute = true, last
	return true
}

func (w *wire) release(failed bool) {
	w.mu.Lock()
	w.busy, w.mute = false, w.mute || failed
	w.mu.Unlock()
	w.free.Signal()
}

// write writes under a deadline that is moved only when half of it is over.
func (w *wire) write(p []byte) error {
	if now := time.Now(); w.until.Sub(now) < w.timeout/2 {
		w.until = now.Add(w.timeout)
		if err := w.Conn.SetWriteDeadline(w.until); err != nil {
			return err
		}
	}
	if _, err := w.Conn.Write(p); err != nil {
		return err
	}
	w.sent.Store(int64(w.clock()))
	return nil
}
