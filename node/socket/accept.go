package socket

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// Acceptor makes sockets. Its methods may be called concurrently.
type Acceptor struct {
	cfg     Config
	stats   Stats
	poller  poller
	readers chan *reader // nobody's
	flusher flusher
}

// NewAcceptor returns an Acceptor, or says which field of the Config cannot work.
func NewAcceptor(cfg Config) (*Acceptor, error) {
	cfg, err := cfg.check(time.Now())
	if err != nil {
		return nil, err
	}
	return &Acceptor{cfg: cfg, readers: make(chan *reader, maxReaders), flusher: flusher{most: runtime.GOMAXPROCS(0)}}, nil
}

// Stats returns the counters of all sockets of this Acceptor.
func (a *Acceptor) Stats() *Stats { return &a.stats }

// Accept upgrades a request. If it fails, the response is written. The origin is
// not checked: see [CheckOrigin]. The caller must call [Socket.Start], even if it closes
// the socket before that.
func (a *Acceptor) Accept(w http.ResponseWriter, r *http.Request) (*Socket, error) {
	s := &Socket{a: a, limit: a.cfg.MaxQueue, place: -1}
	s.wire.init(a.cfg.Clock, a.cfg.WriteTimeout)
	s.reader = &reader{s: s}
	if err := s.reader.accept(hijacker{w, s.reader}, r, protocol.Subprotocol); err != nil {
		return nil, fmt.Errorf("socket: accept from %s: %w", r.RemoteAddr, err)
	}
	s.parks = s.wire.direct != nil && a.poller.join() == nil
	a.stats.Open.Add(1)
	return s, nil
}

// Refuse upgrades a request only to close it with that code, after these frames:
// browsers see the code of a close frame, and nothing of a refused upgrade.
func (a *Acceptor) Refuse(w http.ResponseWriter, r *http.Request, code protocol.CloseCode, reason string, frames ...[]byte) error {
	s, err := a.Accept(w, r)
	if err != nil {
		return err
	}
	s.Reply(frames...)
	s.Close(code, reason)
	s.Start(nobody{})
	return nil
}

// nobody handles a socket that was refused.
type nobody struct{}

func (nobody) Frame([]byte) {}
func (nobody) Control()     {}
func (nobody) Drained()     {}
func (nobody) Closed(Cause) {}

// hijacker hands the library a reader, in place of a connection with the 4 KiB buffers of the
// HTTP server.
type hijacker struct {
	http.ResponseWriter
	reader *reader
}

// Hijack implements http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := brw.Peek(brw.Reader.Buffered())
	wire := &h.reader.s.wire
	wire.Conn, wire.raw, wire.early = conn, conn, bytes.Clone(early)
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		wire.raw = over.NetConn()
	} else if under, ok := conn.(syscall.Conn); ok {
		wire.direct, _ = under.SyscallConn() // nil if there is none
	}
	return h.reader, h.reader.buffers(), nil
}

// onPing answers through the queue, where a client that does not read is
// noticed, and tells the library not to.
func (s *Socket) onPing(payload []byte) bool {
	if s.Reply(pongFrame(payload)) {
		s.handler.Control()
	}
	return false
}

func (s *Socket) onPong() {
	if !s.Closing() {
		s.handler.Control()
	}
}
