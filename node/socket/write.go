package socket

import "sync"

const (
	joinSize  = 16 << 10     // bytes of small frames that leave in one write
	joinSmall = joinSize / 4 // a frame of more bytes is not worth a copy
)

// joins holds buffers of joinSize bytes.
var joins = sync.Pool{New: func() any { return new([joinSize]byte) }}

// chunk is whole frames that are written together.
type chunk struct {
	p      []byte          // to be written
	rest   []byte          // and then this
	joined *[joinSize]byte // holds p, if not nil
	last   bool            // they end with the close frame
	holds  bool            // part of it was written, and the wire is kept for what is left
}

// left returns how many bytes are to be written.
func (c *chunk) left() int { return len(c.p) + len(c.rest) }

// passed counts n bytes of p as written.
func (c *chunk) passed(n int) {
	if c.p = c.p[n:]; len(c.p) == 0 {
		c.p, c.rest = c.rest, nil
	}
}

// flush writes what waits, in a goroutine that is shared with other sockets and must
// not wait: if the network does not take all of it, or the handler has something to
// do, it goes on in a goroutine of its own.
func (s *Socket) flush(a *attempt) {
	for {
		c := s.take()
		size := c.left()
		if size == 0 {
			s.writers.Done()
			return
		}
		err := s.wire.offer(a, &c)
		if left := c.left(); left > 0 && err == nil {
			s.passed(size - left)
			go s.write(c)
			return
		}
		switch s.written(c, size, err) {
		case over:
			s.writers.Done()
			return
		case roomy:
			go func() {
				s.handler.Drained()
				s.write(chunk{})
			}()
			return
		}
	}
}

// write writes c, and then what waits, and ends when nothing does.
func (s *Socket) write(c chunk) {
	defer s.writers.Done()
	for {
		if c.left() == 0 {
			c = s.take()
		}
		size := c.left()
		if size == 0 {
			return
		}
		err := s.wire.sendAll(&c)
		switch s.written(c, size, err) {
		case over:
			return
		case roomy:
			s.handler.Drained()
		}
		c = chunk{}
	}
}

// outcome is what a write leaves to do.
type outcome uint8

const (
	onward outcome = iota + 1 // to write what waits
	roomy                     // to call Drained, and then that
	over                      // nothing: the connection is cut
)

// written counts n bytes of a chunk as written, and says how to go on.
func (s *Socket) written(c chunk, n int, err error) outcome {
	if c.joined != nil {
		joins.Put(c.joined)
	}
	s.a.stats.Writes.Add(1)
	if err != nil {
		s.fail(n)
		return over
	}
	s.a.stats.BytesOut.Add(int64(n))
	if s.wrote(n) {
		return roomy
	}
	return onward
}

// take takes the next bytes to write off the queue: one frame, in one piece or two, or as many
// small ones as fit into a buffer, which is then the caller's to put back. With nothing to write the
// caller is no longer the writer.
func (s *Socket) take() (c chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.queue) == 0:
		s.writing = false
		s.limit = s.a.cfg.MaxQueue
		return c
	case !whole(s.queue[0]):
		c.p, c.rest = s.queue[0], s.queue[1]
		s.pop(2)
	case len(s.queue) == 1 || len(s.queue[0]) > joinSmall:
		c.p = s.queue[0]
		s.pop(1)
	default:
		c.joined = joins.Get().(*[joinSize]byte)
		c.p = c.joined[:0]
		k := 0
		for k < len(s.queue) && len(s.queue[k]) <= min(joinSmall, joinSize-len(c.p)) && whole(s.queue[k]) {
			c.p = append(c.p, s.queue[k]...)
			k++
		}
		s.pop(k)
	}
	c.last = s.cause != nil && len(s.queue) == 0
	return c
}

// passed counts n bytes as gone, of a write that goes on.
func (s *Socket) passed(n int) {
	s.a.stats.BytesOut.Add(int64(n))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(-n)
}

// wrote counts n bytes as gone. It reports whether Drained is due.
func (s *Socket) wrote(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(-n)
	s.measured()
	if !s.starved || s.queued > s.low() || s.cause != nil || s.ended || s.handler == nil {
		return false
	}
	s.starved = false
	return true
}

// fail ends a socket that cannot be written to: the reader sees to the rest.
func (s *Socket) fail(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(-n)
	s.drop()
	s.writing = false
	if !s.ended {
		s.a.stats.Stuck.Add(1)
		s.cut()
	}
}
