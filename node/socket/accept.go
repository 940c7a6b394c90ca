package socket

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// Acceptor makes sockets. Its methods may be called concurrently.
type Acceptor struct {
	cfg   Config
	stats Stats
}

// NewAcceptor returns an Acceptor, or says which field of the Config cannot work.
func NewAcceptor(cfg Config) (*Acceptor, error) {
	cfg, err := cfg.check(time.Now())
	if err != nil {
		return nil, err
	}
	return &Acceptor{cfg: cfg}, nil
}

// Stats returns the counters of all sockets of this Acceptor.
func (a *Acceptor) Stats() *Stats { return &a.stats }

// Accept upgrades a request. If it fails, the response is written. The origin is
// not checked: see [CheckOrigin]. The caller must call [Socket.Start], even if it closes
// the socket before that.
func (a *Acceptor) Accept(w http.ResponseWriter, r *http.Request) (*Socket, error) {
	s := &Socket{a: a, limit: a.cfg.MaxQueue}
	s.wire.init(a.cfg.Clock, a.cfg.WriteTimeout)
	lib, err := websocket.Accept(hijacker{w, &s.wire}, r, &websocket.AcceptOptions{
		Subprotocols:       []string{protocol.Subprotocol},
		InsecureSkipVerify: true, // a refusal here would reach browsers as 1006
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     s.onPing,
		OnPongReceived:     s.onPong,
	})
	if err != nil {
		return nil, fmt.Errorf("socket: accept from %s: %w", r.RemoteAddr, err)
	}
	lib.SetReadLimit(-1) // we count ourselves, to answer before we close
	s.lib = lib
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

// bufferSize is that of the library's buffers, in bytes. Larger frames are read past
// them; control frames, all that the library writes, fit.
const bufferSize = 256

// hijacker hands the library a wire with small buffers, in place of a
// connection with the 4 KiB buffers of the HTTP server.
type hijacker struct {
	http.ResponseWriter
	wire *wire
}

// Hijack implements http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := brw.Peek(brw.Reader.Buffered())
	h.wire.Conn, h.wire.raw, h.wire.early = conn, conn, bytes.Clone(early)
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		h.wire.raw = over.NetConn()
	}
	return h.wire, bufio.NewReadWriter(bufio.NewReaderSize(h.wire, bufferSize), bufio.NewWriterSize(h.wire, bufferSize)), nil
}

// onPing answers through the queue, where a client that does not read is
// noticed, and tells the library not to.
func (s *Socket) onPing(_ context.Context, payload []byte) bool {
	if s.Reply(pongFrame(payload)) {
		s.handler.Control()
	}
	return false
}

func (s *Socket) onPong(context.Context, []byte) {
	if !s.Closing() {
		s.handler.Control()
	}
}
