package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/coder/websocket"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// ErrTooLarge means that a message was over MaxFrame.
var ErrTooLarge = errors.New("message too large")

// bufferKeep is the largest buffer that goes back to the pool, in bytes.
const bufferKeep = 64 << 10

// messages holds what messages are read into, so that an idle socket has none.
var messages = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

// park leaves the socket to the poller until there is something to read. It reports whether it did:
// then the caller is not the reader any more.
func (s *Socket) park() bool {
	if !s.parks || s.reader.spent || len(s.wire.early) > 0 || s.reader.buffer.Buffered() > 0 {
		return false
	}
	s.giveBack()
	return s.a.poller.park(s)
}

// read reads until the connection ends, or there is nothing to read for now.
func (s *Socket) read() {
	for {
		s.borrow()
		kind, r, err := s.reader.lib.Reader(context.Background())
		if err == nil {
			err = s.readMessage(kind, r)
		}
		if err != nil {
			s.finish(err)
			return
		}
		if s.park() {
			return
		}
	}
}

// readMessage hands one message to the handler. It returns an error only if the
// connection ended.
func (s *Socket) readMessage(kind websocket.MessageType, r io.Reader) error {
	if kind != websocket.MessageText {
		s.Close(protocol.CloseProtocol, "only text frames are read")
	}
	if s.Closing() {
		return discard(r)
	}
	buf := messages.Get().(*[]byte)
	data, err := readAll(r, (*buf)[:0], s.a.cfg.MaxFrame)
	if err == nil {
		s.a.stats.Frames.Add(1)
		s.a.stats.BytesIn.Add(int64(len(data)))
		if !s.Closing() { // Close may have been called while the rest of it was awaited
			s.handler.Frame(data)
		}
	}
	if cap(data) <= bufferKeep {
		*buf = data
		messages.Put(buf)
	}
	if errors.Is(err, ErrTooLarge) {
		s.refuseOversize()
		return discard(r)
	}
	return err
}

func (s *Socket) refuseOversize() {
	s.a.stats.Oversize.Add(1)
	if len(s.a.cfg.Oversize) > 0 {
		s.Reply(s.a.cfg.Oversize)
	}
	s.Close(protocol.CloseProtocol, fmt.Sprintf("message of more than %d bytes", s.a.cfg.MaxFrame))
}

// discard reads the rest of a message. Close has bounded the time for that.
func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// readAll reads a message of at most max bytes into buf, or a larger one made in its place.
func readAll(r io.Reader, buf []byte, most int) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), most+1)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > most:
			return buf, ErrTooLarge
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, fmt.Errorf("socket: read message: %w", err)
		}
	}
}

// remoteCause says how the other side, or the network, ended a socket.
func remoteCause(err error) Cause {
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return Cause{Code: protocol.CloseCode(closed.Code), Reason: closed.Reason, Err: err}
	}
	return Cause{Err: err}
}
