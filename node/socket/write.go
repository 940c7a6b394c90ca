package socket

import "sync"

const (
	joinSize  = 16 << 10     // bytes of small frames that leave in one write
	joinSmall = joinSize / 4 // a frame of more bytes is not worth a copy
)

// joins holds buffers of joinSize bytes.
var joins = sync.Pool{New: func() any { return new([joinSize]byte) }}

// write sends what waits, and ends when nothing does.
func (s *Socket) write() {
	defer s.writers.Done()
	for s.writeNext() {
	}
}

// writeNext makes one write. It reports whether to go on.
func (s *Socket) writeNext() bool {
	p, joined, last := s.take()
	if len(p) == 0 {
		return false
	}
	err := s.wire.send(p, last)
	if joined != nil {
		joins.Put(joined)
	}
	s.a.stats.Writes.Add(1)
	if err != nil {
		s.fail(len(p))
		return false
	}
	s.a.stats.BytesOut.Add(int64(len(p)))
	if s.wrote(len(p)) {
		s.handler.Drained()
	}
	return true
}

// take takes the next bytes to write off the queue: one frame, or as many small ones as
// fit into a buffer, which is then the caller's to put back. last says that they
// end with the close frame. With nothing to write the caller is no longer the writer.
func (s *Socket) take() (p []byte, joined *[joinSize]byte, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.queue) == 0:
		s.writing = false
		s.limit = s.a.cfg.MaxQueue
		return nil, nil, false
	case len(s.queue) == 1 || len(s.queue[0]) > joinSmall:
		p = s.queue[0]
		s.pop(1)
	default:
		joined = joins.Get().(*[joinSize]byte)
		p = joined[:0]
		k := 0
		for k < len(s.queue) && len(s.queue[k]) <= min(joinSmall, joinSize-len(p)) {
			p = append(p, s.queue[k]...)
			k++
		}
		s.pop(k)
	}
	return p, joined, s.cause != nil && len(s.queue) == 0
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
		s.wire.cut()
	}
}
