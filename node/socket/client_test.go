package socket

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a Handler that remembers.
type recorder struct {
	onFrame func(data []byte)

	mu      sync.Mutex
	frames  []string
	control int
	drained int
	causes  []Cause
}

func (h *recorder) Frame(data []byte) {
	h.mu.Lock()
	h.frames = append(h.frames, string(data))
	h.mu.Unlock()
	if h.onFrame != nil {
		h.onFrame(data)
	}
}

func (h *recorder) Control()       { h.mu.Lock(); h.control++; h.mu.Unlock() }
func (h *recorder) Drained()       { h.mu.Lock(); h.drained++; h.mu.Unlock() }
func (h *recorder) Closed(c Cause) { h.mu.Lock(); h.causes = append(h.causes, c); h.mu.Unlock() }

// cause returns how the socket ended; a socket that did not end exactly once fails the test.
func (h *recorder) cause(t *testing.T) Cause {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.causes) != 1 {
		t.Fatalf("Closed was called %d times, want 1", len(h.causes))
	}
	return h.causes[0]
}

// over reports whether the socket ended.
func (h *recorder) over() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.causes) > 0 }

// upgradable is a response that gives up its connection.
type upgradable struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (u upgradable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return u.conn, bufio.NewReadWriter(bufio.NewReader(u.conn), bufio.NewWriter(u.conn)), nil
}

// client is the far end of a connection that holds nothing: a write of the
// server's takes as long as it is not read here.
type client struct {
	net.Conn
	t *testing.T
}

// inBubble runs a test on virtual time, with a started socket and its client.
func inBubble(t *testing.T, cfg Config, test func(s *Socket, h *recorder, c *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, err := NewAcceptor(cfg)
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		s, err := a.Accept(upgradable{httptest.NewRecorder(), near}, upgrade())
		if err != nil {
			t.Fatal(err)
		}
		h := new(recorder)
		s.Start(h)
		test(s, h, &client{far, t})
		far.Close()
		synctest.Wait()
		h.cause(t)
		if queued, open := a.stats.Queued.Load(), a.stats.Open.Load(); queued != 0 || open != 0 {
			t.Errorf("in the end %d bytes are said to wait on %d sockets, want none", queued, open)
		}
	})
}

func upgrade() *http.Request {
	r := httptest.NewRequest("GET", "/v1/connect", nil)
	for key, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		r.Header.Set(key, value)
	}
	return r
}

// masked returns a frame as a client sends it. The mask is 0, which changes nothing.
func masked(first byte, payload string) []byte {
	f := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		f = append(f, 0x80|byte(n))
	case n <= 0xFFFF:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(n))
	}
	return append(append(f, 0, 0, 0, 0), payload...)
}

func (c *client) send(first byte, payload string) {
	c.t.Helper()
	if _, err := c.Write(masked(first, payload)); err != nil {
		c.t.Fatalf("client: %v", err)
	}
}

// next reads a frame of the server's.
func (c *client) next() (first byte, payload string) {
	c.t.Helper()
	first, payload, err := readFrame(c)
	if err != nil {
		c.t.Fatalf("client: %v", err)
	}
	return first, payload
}

func readFrame(r io.Reader) (first byte, payload string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	n := uint64(head[1])
	size := map[uint64]int{126: 2, 127: 8}[n]
	if size > 0 {
		var long [8]byte
		if _, err := io.ReadFull(r, long[8-size:]); err != nil {
			return 0, "", err
		}
		n = binary.BigEndian.Uint64(long[:])
	}
	body := make([]byte, n)
	_, err = io.ReadFull(r, body)
	return head[0], string(body), err
}

// wantClose reads a close frame and answers it.
func (c *client) wantClose(code uint16) {
	c.t.Helper()
	first, payload := c.next()
	if first != closing || len(payload) < 2 || binary.BigEndian.Uint16([]byte(payload)) != code {
		c.t.Fatalf("frame %#x %.80q, want a close frame with %d", first, payload, code)
	}
	c.send(closing, payload)
}

func code(c uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, c)) + reason
}
