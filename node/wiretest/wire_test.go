package wiretest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// The opcodes of RFC 6455 §5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// wire is one WebSocket, written by hand so that it can break every rule.
type wire struct {
	conn     net.Conn
	r        *bufio.Reader // owned by the reading goroutine
	response *http.Response

	mu sync.Mutex // guards writing
}

// dialWire opens a WebSocket with these lines among the headers of the request.
func dialWire(addr, path string, headers ...string) (*wire, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return openWire(conn, addr, path, nil, headers...)
}

// openWire opens a WebSocket over a connection. What is to be said first goes out with
// the request, without awaiting the response.
func openWire(conn net.Conn, addr, path string, first []byte, headers ...string) (_ *wire, err error) {
	lines := append([]string{
		"GET " + path + " HTTP/1.1", "Host: " + addr, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, headers...)
	if _, err = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"+string(first)); err != nil {
		return nil, err
	}
	w := &wire{conn: conn, r: bufio.NewReader(conn)}
	if w.response, err = http.ReadResponse(w.r, nil); err != nil {
		return nil, err
	}
	if w.response.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the upgrade was answered with %s", w.response.Status)
	}
	// The accept value of the sample nonce in RFC 6455 §1.3.
	if got := w.response.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		return nil, fmt.Errorf("wrong Sec-WebSocket-Accept %q", got)
	}
	return w, nil
}

// write sends a frame.
func (w *wire) write(op byte, fin bool, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.conn.Write(frame(op, fin, payload))
	return err
}

// frame returns a frame, masked as a client has to. fin false: more of the message follows.
func frame(op byte, fin bool, payload []byte) []byte {
	head := []byte{op, 0x80}
	if fin {
		head[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		head[1] |= byte(n)
	case n < 1<<16:
		head[1] |= 126
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head[1] |= 127
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	frame := append(head, mask[:]...)
	for i, b := range payload {
		frame = append(frame, b^mask[i%4])
	}
	return frame
}

// read returns the next frame, which has to be whole and plain, as a server's is here.
func (w *wire) read() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(w.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1])
	long := map[uint64]int{126: 2, 127: 8}[n]
	if long > 0 {
		var length [8]byte
		if _, err = io.ReadFull(w.r, length[8-long:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(length[:])
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 || n > 1<<24 {
		return 0, nil, fmt.Errorf("a frame that begins %x and has %d bytes", head, n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(w.r, payload)
	return head[0] & 0xf, payload, err
}
