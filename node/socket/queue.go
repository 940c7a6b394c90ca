package socket

import (
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// Result says what became of the frames given to Send.
type Result uint8

const (
	Queued Result = iota + 1 // they will be sent, unless the socket ends first
	Full                     // none will be: there is no room. Drained will be called
	Closed                   // none will be: the socket is closing
)

// Send queues frames, all or none. It is for what can be made up for later,
// such as rosters and diffs: a client that reads too slowly is refused them.
func (s *Socket) Send(frames ...[]byte) Result {
	n := size(frames)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.cause != nil || s.ended:
		return Closed
	case s.queued <= s.low():
		// Almost idle: any size will do, with room for what comes on top of it.
		s.limit = s.a.cfg.MaxQueue
		if s.queued+n > s.limit {
			s.limit += s.queued + n
		}
	case s.queued+n > s.limit:
		s.starved = true
		s.a.stats.Refused.Add(1)
		return Full
	}
	s.push(frames)
	return Queued
}

// Reply queues frames, all or none. It is for what is small and has no second
// chance, such as answers and pings: where even the reserve has no room for it,
// the socket is closed. It reports whether the frames were queued.
func (s *Socket) Reply(frames ...[]byte) bool {
	n := size(frames)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil || s.ended {
		return false
	}
	if s.queued+n > s.limit+s.a.cfg.Reserve {
		s.a.stats.Overflow.Add(1)
		s.drop() // or the close frame would never get through
		s.close(protocol.CloseOverload, "reading too slowly")
		return false
	}
	s.push(frames)
	return true
}

// Waiting returns how many bytes wait to be written.
func (s *Socket) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued
}

// Measure has Config.Written told how long after a moment everything that waits now is
// written, at once if nothing waits. False: the socket is closing, or measures something
// already. The zero moment measures nothing.
func (s *Socket) Measure(since time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil || s.ended || !s.since.IsZero() {
		return false
	}
	s.since, s.ahead = since, len(s.queue)
	if s.queued == 0 {
		s.measured()
	}
	return true
}

// measured ends what Measure began, if all of it is written. mu is held.
func (s *Socket) measured() {
	if !s.since.IsZero() && s.ahead == 0 {
		s.a.cfg.Written(time.Since(s.since))
		s.since = time.Time{}
	}
}

// low is how much may wait on a socket that has room for everything.
func (s *Socket) low() int { return s.a.cfg.MaxQueue / 4 }

func size(frames [][]byte) int {
	n := 0
	for _, f := range frames {
		n += len(f)
	}
	return n
}

// push appends to the queue and sees to it that somebody writes. mu is held.
func (s *Socket) push(frames [][]byte) {
	s.queue = append(s.queue, frames...)
	s.count(size(frames))
	if !s.writing && len(s.queue) > 0 {
		s.writing = true
		s.writers.Add(1)
		if s.wire.direct != nil {
			s.a.flusher.add(s)
		} else {
			go s.write(chunk{})
		}
	}
}

// count adds n to the bytes that wait. mu is held.
func (s *Socket) count(n int) {
	s.queued += n
	s.a.stats.Queued.Add(int64(n))
}

// drop forgets the frames that wait. mu is held.
func (s *Socket) drop() {
	s.count(-size(s.queue))
	s.queue, s.since = nil, time.Time{}
}

// keep is for how many frames an idle socket keeps the memory of its queue.
const keep = 4

// pop takes k frames off the queue. mu is held.
func (s *Socket) pop(k int) {
	s.queue = slices.Delete(s.queue, 0, k)
	s.ahead = max(0, s.ahead-k)
	if len(s.queue) == 0 && cap(s.queue) > keep {
		s.queue = nil
	}
}
