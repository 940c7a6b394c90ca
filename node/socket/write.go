package socket

import "sync"

const (
	joinSize  = 16 << 10     // bytes of small frames that leave in one write
	joinSmall = joinSize / 4 // a frame of more bytes is not worth a copy
)

// joins holds buffers of joinSize bytes.
var joins = sync.Pool{New: func() any { return new([joinSize]byte) }}

// chunk is what leaves in one write.
type chunk struct {
	p      []byte
	joined *[joinSize]byte // holds p, if not nil
	last   bool            // p ends with the close frame
	begun  bool            // p is what is left of one, and the wire is held
}

// flush writes what waits, in a goroutine that is shared with other sockets and must
// not wait: if the network does not take all of it, or the handler has something to
// do, it goes on in a goroutine of its own.
func (s *Socket) flush(a *attempt) {
	for {
		c := s.take()
		if len(c.p) == 0 {
			s.writers.Done()
			return
		}
		n, holds, err := s.wire.offer(a, c.p, c.last)
		if n < len(c.p) && err == nil {
			s.passed(n)
			c.p, c.begun = c.p[n:], holds
			go s.write(c)
			return
		}
		switch s.written(c, err) {
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
		if len(c.p) == 0 {
			if c = s.take(); len(c.p) == 0 {
				return
			}
		}
		var err error
		if c.begun {
			err = s.wire.finish(c.p)
		} else {
			err = s.wire.send(c.p, c.last)
		}
		switch s.written(c, err) {
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

// written counts what was written, and says how to go on.
func (s *Socket) written(c chunk, err error) outcome {
	if c.joined != nil {
		joins.Put(c.joined)
	}
	s.a.stats.Writes.Add(1)
	if err != nil {
		s.fail(len(c.p))
		return over
	}
	s.a.stats.BytesOut.Add(int64(len(c.p)))
	if s.wrote(len(c.p)) {
		return roomy
	}
	return onward
}

// take takes the next bytes to write off the queue: one frame, or as many small ones as
// fit into a buffer, which is then the caller's to put back. With nothing to write the
// caller is no longer the writer.
func (s *Socket) take() (c chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.queue) == 0:
		s.writing = false
		s.limit = s.a.cfg.MaxQueue
		return c
	case len(s.queue) == 1 || len(s.queue[0]) > joinSmall:
		c.p = s.queue[0]
		s.pop(1)
	default:
		c.joined = joins.Get().(*[joinSize]byte)
		c.p = c.joined[:0]
		k := 0
		for k < len(s.queue) && len(s.queue[k]) <= min(joinSmall, joinSize-len(c.p)) {
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
		s.Cut()
	}
}
