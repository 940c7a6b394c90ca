package socket

import (
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// Handler is told what happens on a socket.
type Handler interface {
	// Frame is given each text frame, in order. It is not called again before it
	// has returned, and may block: then nothing is read. It must not keep data.
	Frame(data []byte)

	// Control is called for each WebSocket ping or pong, like Frame.
	Control()

	// Drained is called when there is room again after Send returned Full, once each time,
	// and may call Send. It must not wait for Closed.
	Drained()

	// Closed is called once, as the last of all calls.
	Closed(Cause)
}

// Cause says how a socket ended.
type Cause struct {
	Local  bool               // by Close on this side, or by a bound of the Config
	Code   protocol.CloseCode // sent if Local, else received; 0: the connection just broke
	Reason string             // beside the code, as untrusted as the client if not Local
	Err    error              // why reading ended
}

// Socket is one WebSocket connection. Its methods may be called concurrently.
type Socket struct {
	a       *Acceptor
	wire    wire
	handler Handler // fixed by Start
	parks   bool    // the poller may have it
	place   int     // of the poller's; -1: it never had it
	reader  *reader // owned by whoever reads

	writers sync.WaitGroup // the writing goroutine, if there is one

	mu      sync.Mutex
	queue   [][]byte // frames that wait, each in one piece or two (see FrameOf); the last one is a close frame if cause is set
	queued  int      // bytes of queue and of the write under way
	limit   int      // of queued, for Send
	writing bool     // there is a writing goroutine
	starved bool     // Send returned Full, and Drained is owed
	cause   *Cause   // set by Close
	ended   bool     // reading is over, or about to be: Cut was called
	abort   *time.Timer
	since   time.Time // given to Measure; zero: nothing is measured
	ahead   int       // frames of queue that belong to what is measured
}

// Start begins to read, in a goroutine of its own. It is called exactly once, and
// the request's goroutine should end soon after.
func (s *Socket) Start(h Handler) {
	s.mu.Lock()
	s.handler = h
	s.mu.Unlock()
	if !s.park() {
		go s.read()
	}
}

// LastHeard returns when bytes last came in, by the Config's clock.
func (s *Socket) LastHeard() time.Duration { return time.Duration(s.wire.heard.Load()) }

// LastSent returns when bytes last went out, by the Config's clock.
func (s *Socket) LastSent() time.Duration { return time.Duration(s.wire.sent.Load()) }

// Excuse has the socket count as heard until d from now: what the client sent is not
// read, since the Handler blocks for so long.
func (s *Socket) Excuse(d time.Duration) { s.wire.heard.Store(int64(s.wire.clock() + d)) }

// Close closes the socket: what waits is sent, then a close frame, then the
// client's own is awaited, all within CloseTimeout. It returns at once, and
// does nothing if the socket is closing already. No frame is handed to the handler any more,
// not even one that has come in part, but one call of Frame may be under way.
func (s *Socket) Close(code protocol.CloseCode, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close(code, reason)
}

// Cut breaks the connection at once, without a close frame, as if this process had died. From then
// on the socket counts as closing, though Closed is called only once Frame has returned.
func (s *Socket) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut()
}

// cut is Cut with mu held. It has the reader learn of it.
func (s *Socket) cut() {
	s.ended = true
	s.wire.cut()
	if s.parks {
		s.a.poller.wake(s)
	}
}

// close is Close with mu held.
func (s *Socket) close(code protocol.CloseCode, reason string) {
	if s.cause != nil || s.ended {
		return
	}
	s.push([][]byte{closeFrame(code, reason)})
	s.cause = &Cause{Local: true, Code: code, Reason: reason}
	s.abort = time.AfterFunc(s.a.cfg.CloseTimeout, s.Cut)
}

// Closing reports whether Close or Cut was called, or the connection has ended.
func (s *Socket) Closing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause != nil || s.ended
}

// finish ends everything once reading is over, for that reason.
func (s *Socket) finish(err error) {
	s.wire.cut()                // wakes the writer
	_ = s.reader.lib.CloseNow() // lets the library go
	cause := s.end(err)
	s.writers.Wait()
	if s.parks {
		s.a.poller.leave()
	}
	s.a.stats.Open.Add(-1)
	s.handler.Closed(cause)
}

// end marks the socket as over and drops what waits.
func (s *Socket) end(err error) Cause {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.drop()
	if s.cause != nil {
		s.abort.Stop()
		s.cause.Err = err
		return *s.cause
	}
	return remoteCause(err)
}
