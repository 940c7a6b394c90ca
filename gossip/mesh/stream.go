package mesh

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/gossip"
)

// errBroken marks what no node that works sends.
var errBroken = errors.New("broken stream")

// stream is one stream between two nodes. One goroutine reads and one writes;
// whichever fails first ends both. A peer that has vanished shows in the core,
// and late in TCP's keep-alive, which is on as in every connection of Go's.
type stream struct {
	m    *Mesh
	raw  *conn    // closing it ends both goroutines at once; TLS would wait to say goodbye
	rw   net.Conn // raw, or TLS over it
	peer string   // for the log
	link *gossip.Link
	buf  []byte        // owned by the reader
	wake chan struct{} // holds one token if Next may have something
	done chan struct{} // closed by end

	once sync.Once // guards err
	err  error     // why it ended; to be read once done is closed
}

func newStream(m *Mesh, raw *conn, rw net.Conn, peer string) *stream {
	return &stream{m: m, raw: raw, rw: rw, peer: peer, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// wakeUp makes the writer ask for the next frame. It never blocks.
func (s *stream) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// end ends the stream for the first reason given. It never blocks.
func (s *stream) end(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.done)
		_ = s.raw.Close()
	})
}

// run reads and writes until the stream ends, and tells the core. The frame
// that is read first is got by calling first.
func (s *stream) run(first func() (*gossip.Frame, error)) {
	var writer sync.WaitGroup
	writer.Go(func() { s.end(s.write()) })
	s.end(s.read(first))
	writer.Wait()
	s.m.unregister(s)
	s.sayWhy()
	s.m.do(func(c core, now time.Time) { c.Closed(now, s.link) })
}

// sayWhy logs why the stream has ended, unless it ended as streams do when nodes stop.
func (s *stream) sayWhy() {
	for _, usual := range []error{io.EOF, net.ErrClosed, errAsked} {
		if errors.Is(s.err, usual) {
			return
		}
	}
	s.m.complain(s.peer, s.err)
}

// first reads the first frame under a deadline. Later ones come when there is
// something to say: whether a silent peer lives is the core's to judge.
func (s *stream) first() (*gossip.Frame, error) {
	if err := s.rw.SetReadDeadline(time.Now().Add(s.m.cfg.StreamTimeout)); err != nil {
		return nil, err
	}
	f, err := s.next()
	if err != nil {
		return nil, explain(err)
	}
	return f, s.rw.SetReadDeadline(time.Time{})
}

// next reads a frame.
func (s *stream) next() (*gossip.Frame, error) {
	body, err := readFrame(s.rw, s.buf)
	switch {
	case errors.Is(err, gossip.ErrMalformed):
		return nil, s.broken(err)
	case err != nil:
		return nil, err
	}
	f, err := gossip.DecodeFrame(body, time.Now().UnixMilli())
	s.buf = keep(body)
	if err != nil {
		return nil, s.broken(err)
	}
	s.m.count.framesIn.Add(1)
	return f, nil
}

// read takes frames to the core until there are no more.
func (s *stream) read(next func() (*gossip.Frame, error)) error {
	for {
		f, err := next()
		if err != nil {
			return err
		}
		next = s.next
		s.m.do(func(c core, now time.Time) { err = c.Receive(now, s.link, f) })
		if err != nil {
			return s.broken(err)
		}
	}
}

// write sends what the core has to say until the stream ends.
func (s *stream) write() error {
	var buf []byte
	for {
		var f *gossip.Frame
		s.m.do(func(c core, now time.Time) { f = c.Next(now, s.link) })
		if f == nil {
			buf = keep(buf)
			select {
			case <-s.wake:
				continue
			case <-s.done:
				return s.err
			}
		}
		var err error
		buf, err = appendFrame(buf[:0], func(b []byte) ([]byte, error) { return f.Append(b, time.Now().UnixMilli()) })
		if err != nil {
			return s.broken(err)
		}
		if err := s.rw.SetWriteDeadline(time.Now().Add(s.m.cfg.StreamTimeout)); err != nil {
			return err
		}
		if _, err := s.rw.Write(buf); err != nil {
			return fmt.Errorf("write frame of %d bytes: %w", len(buf), err)
		}
		s.m.count.framesOut.Add(1)
	}
}

// broken marks an error as one that people should see, unless it says only that
// the peer is another node than before.
func (s *stream) broken(err error) error {
	if errors.Is(err, gossip.ErrStranger) {
		return err
	}
	return fmt.Errorf("%w: %w", errBroken, err)
}
