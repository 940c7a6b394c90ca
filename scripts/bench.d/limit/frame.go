package limit

import (
	"encoding/binary"
	"errors"
)

// Opcodes of RFC 6455.
const (
	opText  = 1
	opClose = 8
)

// maxFrame bounds what is read of a client at a time.
const maxFrame = 16 << 10

var errFrame = errors.New("frame is not masked, or too large")

// readFrame returns the first frame of a client, unmasked in place, and how long it was;
// used is 0 if it is not whole yet.
func readFrame(in []byte) (opcode byte, body []byte, used int, err error) {
	if len(in) < 2 {
		return 0, nil, 0, nil
	}
	n, at := int(in[1]&0x7f), 2
	switch {
	case in[1]&0x80 == 0 || n == 127:
		return 0, nil, 0, errFrame
	case n == 126 && len(in) < 4:
		return 0, nil, 0, nil
	case n == 126:
		n, at = int(binary.BigEndian.Uint16(in[2:])), 4
	}
	if n > maxFrame {
		return 0, nil, 0, errFrame
	}
	if len(in) < at+4+n {
		return 0, nil, 0, nil
	}
	mask, body := in[at:at+4], in[at+4:at+4+n]
	for i := range body {
		body[i] ^= mask[i&3]
	}
	return in[0] & 0x0f, body, at + 4 + n, nil
}

// frame returns a text frame of a server.
func frame(body []byte) []byte {
	head := make([]byte, 0, 10+len(body))
	switch n := len(body); {
	case n < 126:
		head = append(head, 0x80|opText, byte(n))
	case n < 1<<16:
		head = append(head, 0x80|opText, 126)
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head = append(head, 0x80|opText, 127)
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	return append(head, body...)
}
