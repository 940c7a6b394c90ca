package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// sockets are the open sockets of a scenario, who reads them, and what went through them.
type sockets struct {
	poller *poller // nil: each socket has a goroutine of its own that reads it
	wg     sync.WaitGroup

	open                                   atomic.Int64 // now
	bytesIn, bytesOut, framesIn, framesOut atomic.Int64
}

// receiver is told what comes out of a socket, by one goroutine at a time.
type receiver interface {
	// receive gets one message, which is only good until it returns.
	receive(at time.Time, text []byte) error
	// lost comes once, as the last: the socket ended, and not by close.
	lost(err error)
}

// socket is one WebSocket.
type socket struct {
	all  *sockets
	to   receiver
	rest []byte // of a frame or message that is not all there yet; owned by who reads
	part []byte // of a message in fragments; owned by who reads

	muted atomic.Bool

	mu   sync.Mutex // guards the rest; held to read and to write, so that no number of a file is used that is another's by now
	conn net.Conn   // nil: fd, or closed
	fd   int        // -1: conn, or closed
	said time.Time  // when the last frame was about to be written
}

func newSockets() *sockets { return &sockets{poller: newPoller()} }

// end ends the reading. All sockets have been closed.
func (a *sockets) end() {
	if a.poller != nil {
		a.poller.end()
	}
	a.wg.Wait()
}

// dial connects to a server. Nothing is read before start is called with what came first.
func (a *sockets) dial(ctx context.Context, address string, header http.Header, to receiver) (s *socket, first []byte, err error) {
	conn, first, err := dial(ctx, address, header)
	if err != nil {
		return nil, nil, err
	}
	a.open.Add(1)
	return &socket{all: a, to: to, conn: conn, fd: -1}, first, nil
}

// start begins to read.
func (s *socket) start(first []byte) {
	if len(first) > 0 {
		if err := s.feed(time.Now(), first); err != nil {
			s.close()
			s.to.lost(err)
			return
		}
	}
	if s.all.poller == nil || !s.all.poller.add(s) {
		s.all.wg.Go(s.read)
	}
}

// read reads where there is no poller, or TLS.
func (s *socket) read() {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn == nil {
		return // closed meanwhile
	}
	buf := make([]byte, 2048)
	for {
		n, err := conn.Read(buf)
		if s.muted.Load() {
			return
		}
		if n > 0 {
			err = errors.Join(s.feed(time.Now(), buf[:n]), err)
		}
		if err != nil {
			s.fail(err)
			return
		}
	}
}

// fail ends a socket that cannot be read any more, or should not.
func (s *socket) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = errors.New("the server broke the connection")
	}
	if s.close() {
		s.to.lost(err)
	}
}

// feed takes what was read at a time.
func (s *socket) feed(at time.Time, data []byte) error {
	s.all.bytesIn.Add(int64(len(data)))
	kept := len(s.rest) > 0
	if kept {
		s.rest = append(s.rest, data...)
		data = s.rest
	}
	for {
		f, size, err := parseFrame(data)
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		if err := s.take(at, f); err != nil {
			return err
		}
		data = data[size:]
	}
	switch {
	case len(data) == 0:
		s.rest = nil // thousands are idle
	case kept && len(data) == len(s.rest): // nothing was complete
	case kept:
		s.rest = s.rest[:copy(s.rest, data)]
	default:
		s.rest = append([]byte(nil), data...)
	}
	return nil
}

// take takes one frame.
func (s *socket) take(at time.Time, f frame) error {
	switch f.op {
	case opText, opContinuation:
		s.all.framesIn.Add(1)
		if f.fin && f.op == opText {
			return s.to.receive(at, f.body)
		}
		if len(s.part)+len(f.body) > maxMessage {
			return fmt.Errorf("a message of more than %d bytes", maxMessage)
		}
		s.part = append(s.part, f.body...)
		if !f.fin {
			return nil
		}
		text := s.part
		s.part = nil
		return s.to.receive(at, text)
	case opPing:
		return s.write(opPong, f.body)
	case opPong:
		return nil
	case opClose:
		_ = s.write(opClose, f.body[:min(2, len(f.body))]) // as it should be; the socket ends in any case
		return closeError(f.body)
	default:
		return fmt.Errorf("%w: opcode %d", errFrame, f.op)
	}
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// send sends a message. It does not wait for a server that does not read.
func (s *socket) send(text []byte) error { return s.write(opText, text) }

func (s *socket) write(op opcode, body []byte) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	*buf = appendFrame((*buf)[:0], op, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = time.Now()
	switch {
	case s.conn != nil:
		_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime)) // an error comes from Write, too
		if _, err := s.conn.Write(*buf); err != nil {
			return err
		}
	case s.fd >= 0:
		if err := s.all.poller.write(s.fd, *buf); err != nil {
			return err
		}
	default:
		return net.ErrClosed
	}
	s.all.bytesOut.Add(int64(len(*buf)))
	s.all.framesOut.Add(1)
	return nil
}

// spoke returns when the last frame was about to be written.
func (s *socket) spoke() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said
}

// writeTime is how long a server may keep a client from writing, where that waits at all.
const writeTime = 5 * time.Second

// close cuts the socket without a word. It reports whether it was open.
func (s *socket) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.conn != nil:
		if tcp, ok := s.conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset: the port is free again at once
		}
		s.conn.Close()
		s.conn = nil
	case s.fd >= 0:
		s.all.poller.remove(s.fd)
		s.fd = -1
	default:
		return false
	}
	s.all.open.Add(-1)
	return true
}

// mute reads no more, and leaves the socket open. What is being read may still be told of.
func (s *socket) mute() {
	s.muted.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		s.all.poller.mute(s.fd)
	}
}
