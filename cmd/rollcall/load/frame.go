package load

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// opcode says what a WebSocket frame is (RFC 6455, 5.2).
type opcode byte

const (
	opContinuation opcode = 0
	opText         opcode = 1
	opBinary       opcode = 2
	opClose        opcode = 8
	opPing         opcode = 9
	opPong         opcode = 10
)

// maxMessage bounds what a server may send in one message, in bytes.
const maxMessage = 16 << 20

var errFrame = errors.New("not a frame that a server may send")

// frame is one frame as it was received.
type frame struct {
	op   opcode
	fin  bool
	body []byte // part of what was read
}

// parseFrame returns the first frame of data and its size; 0: it is not all there yet.
func parseFrame(data []byte) (f frame, size int, err error) {
	if len(data) < 2 {
		return f, 0, nil
	}
	f.op, f.fin = opcode(data[0]&0x0f), data[0]&0x80 != 0
	if data[0]&0x70 != 0 || data[1]&0x80 != 0 {
		return f, 0, fmt.Errorf("%w: it begins with %#x %#x", errFrame, data[0], data[1])
	}
	head, length := 2, uint64(data[1])
	switch {
	case length == 126 && len(data) >= 4:
		head, length = 4, uint64(binary.BigEndian.Uint16(data[2:]))
	case length == 127 && len(data) >= 10:
		head, length = 10, binary.BigEndian.Uint64(data[2:])
	case length >= 126:
		return f, 0, nil
	}
	if length > maxMessage {
		return f, 0, fmt.Errorf("%w: it has %d bytes", errFrame, length)
	}
	if uint64(len(data)-head) < length {
		return f, 0, nil
	}
	size = head + int(length)
	f.body = data[head:size]
	return f, size, nil
}

// appendFrame appends a client's frame to b. Its mask is 0, which costs neither side of this
// process anything: masks are against proxies between browsers and servers, and there are none.
func appendFrame(b []byte, op opcode, body []byte) []byte {
	b = append(b, 0x80|byte(op))
	switch n := len(body); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = append(b, 0x80|126, byte(n>>8), byte(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), body...)
}

// closeError is what a close frame says.
func closeError(body []byte) error {
	if len(body) < 2 {
		return errors.New("the server closed the socket")
	}
	return fmt.Errorf("the server closed the socket: %d %s", binary.BigEndian.Uint16(body), body[2:])
}
