package socket

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/coder/websocket"
)

// Sizes of the library's buffers, in bytes. Larger frames are read past them; control frames,
// all that the library writes, fit.
const (
	readSize  = 1024
	writeSize = 256
)

// maxReaders is how many readers are kept that are nobody's.
const maxReaders = 64

// reader is a connection of the WebSocket library with its buffers, lent to a socket while
// that is being read. Between two messages, without compression, the library knows nothing of what it
// has read, so any socket can go on with any reader; and one at rest needs none.
//
// To the library it is the network connection, and passes on to the socket's.
type reader struct {
	net.Conn // only so that this is one; nil
	lib      *websocket.Conn
	buffer   *bufio.Reader
	s        *Socket // whose it is; nil: nobody's
	spent    bool    // the library may close it at any moment
}

// accept makes the library's side of the reader by an upgrade.
func (r *reader) accept(w http.ResponseWriter, req *http.Request, protocols ...string) (err error) {
	r.lib, err = websocket.Accept(w, req, &websocket.AcceptOptions{
		Subprotocols:       protocols,
		InsecureSkipVerify: true, // a refusal here would reach browsers as 1006
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     func(ctx context.Context, payload []byte) bool { r.control(ctx); return r.s.onPing(payload) },
		OnPongReceived:     func(ctx context.Context, _ []byte) { r.control(ctx); r.s.onPong() },
	})
	if err != nil {
		return err
	}
	r.lib.SetReadLimit(-1) // we count ourselves, to answer before we close
	return nil
}

// control looks at a control frame, for which the library allows some seconds (ctx), and closes the
// connection after that. If it came with the end of them that is under way, and must not
// meet another socket.
func (r *reader) control(ctx context.Context) { r.spent = r.spent || ctx.Err() != nil }

// buffers returns what the library reads and writes through.
func (r *reader) buffers() *bufio.ReadWriter {
	r.buffer = bufio.NewReaderSize(r, readSize)
	return bufio.NewReadWriter(r.buffer, bufio.NewWriterSize(r, writeSize))
}

// Read implements net.Conn, as do the next two.
func (r *reader) Read(p []byte) (int, error) { return r.s.wire.Read(p) }

// Write writes a frame of the library's.
func (r *reader) Write(p []byte) (int, error) { return r.s.wire.Write(p) }

// Close cuts the socket's connection. The library also closes what nobody uses any more.
func (r *reader) Close() error {
	if r.s != nil {
		r.s.wire.cut()
	}
	return nil
}

// newReader returns a reader that is nobody's. The library makes connections by upgrades
// only, so this is one, on paper.
func newReader() *reader {
	r := new(reader)
	if err := r.accept(paper{make(http.Header), r}, upgradeOnPaper); err != nil {
		panic(fmt.Sprintf("socket: an upgrade without a client: %v", err)) // it depends on nothing but the library
	}
	return r
}

// borrow gives the socket a reader, unless it has one. Whoever reads it calls this.
func (s *Socket) borrow() {
	if s.reader != nil {
		return
	}
	select {
	case s.reader = <-s.a.readers:
	default:
		s.reader = newReader()
	}
	s.reader.s = s
}

// giveBack ends what borrow began. The last message was read to its end, and nothing of
// the next is in the buffer.
func (s *Socket) giveBack() {
	r := s.reader
	s.reader, r.s = nil, nil
	select {
	case s.a.readers <- r:
	default:
		_ = r.lib.CloseNow() // or the library would have a finalizer do it
	}
}

var upgradeOnPaper = &http.Request{Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, URL: &url.URL{Path: "/"},
	Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}}

// paper is a response that nobody gets.
type paper struct {
	header http.Header
	r      *reader
}

func (p paper) Header() http.Header       { return p.header }
func (paper) Write(b []byte) (int, error) { return len(b), nil }
func (paper) WriteHeader(int)             {}

// Hijack implements http.Hijacker.
func (p paper) Hijack() (net.Conn, *bufio.ReadWriter, error) { return p.r, p.r.buffers(), nil }
