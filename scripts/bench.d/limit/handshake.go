package limit

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net/textproto"
)

var errHandshake = errors.New("no WebSocket handshake")

// handshake reads the head of an HTTP request and returns the answer and how long the head
// was; nil: it is not whole yet.
func handshake(in []byte) (answer []byte, used int, err error) {
	head, _, whole := bytes.Cut(in, []byte("\r\n\r\n"))
	if !whole {
		if len(in) > 8<<10 {
			return nil, 0, errHandshake
		}
		return nil, 0, nil
	}
	var key []byte
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if len(name) == len("Sec-WebSocket-Key") && textproto.CanonicalMIMEHeaderKey(string(name)) == "Sec-Websocket-Key" {
			key = bytes.TrimSpace(value)
		}
	}
	if key == nil {
		return nil, 0, errHandshake
	}
	sum := sha1.Sum(append(key[:len(key):len(key)], "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	answer = append(answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Protocol: rollcall.v1\r\nSec-WebSocket-Accept: "...)
	answer = base64.StdEncoding.AppendEncode(answer, sum[:])
	return append(answer, "\r\n\r\n"...), len(head) + 4, nil
}
