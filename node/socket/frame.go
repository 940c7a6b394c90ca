package socket

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// The first byte of a frame: it is the last of its message, and of this kind (RFC 6455 §5.2).
const (
	final     = 0x80
	textFrame = final | 0x1
	closing   = final | 0x8
	pong      = final | 0xA
)

// MaxHeader is the largest header of a frame that carries no mask, in bytes.
const MaxHeader = 10

// maxControl is the largest payload of a control frame, in bytes.
const maxControl = 125

// AppendHeader appends the header of a text frame whose payload of n bytes is to follow.
//
//	offset  size     field
//	0       1        0x81: the only frame of its message, text
//	1       1        n, if at most 125; else 126 or 127
//	2       0, 2, 8  n, big-endian
//
// No mask follows, for a server sends none: the frame is the same for every client.
func AppendHeader(dst []byte, n int) []byte {
	switch {
	case n <= 125:
		return append(dst, textFrame, byte(n))
	case n <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, textFrame, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, textFrame, 127), uint64(n))
	}
}

// Frame returns a text frame with that payload. It may be queued for any number of sockets, and
// must not be changed afterwards.
func Frame(payload []byte) []byte {
	return append(AppendHeader(make([]byte, 0, MaxHeader+len(payload)), len(payload)), payload...)
}

// FrameOf returns a text frame whose payload is head and then tail, in one or two pieces to be queued by
// one call. The second is tail itself, which must not be changed afterwards: what many sockets are
// sent with a beginning of their own is held once.
func FrameOf(head, tail []byte) [][]byte {
	if len(tail) == 0 {
		return [][]byte{Frame(head)}
	}
	n := len(head) + len(tail)
	return [][]byte{append(AppendHeader(make([]byte, 0, MaxHeader+len(head)), n), head...), tail}
}

// whole reports whether a piece is all of its frame, which is not masked.
func whole(piece []byte) bool {
	switch n := piece[1]; n {
	case 126:
		return len(piece) == 4+int(binary.BigEndian.Uint16(piece[2:]))
	case 127:
		return uint64(len(piece)) == 10+binary.BigEndian.Uint64(piece[2:])
	default:
		return len(piece) == 2+int(n)
	}
}

// pongFrame returns the answer to a ping.
func pongFrame(payload []byte) []byte {
	return append([]byte{pong, byte(len(payload))}, payload...)
}

// closeFrame returns a close frame. The reason is cut to what a control frame holds.
func closeFrame(code protocol.CloseCode, reason string) []byte {
	reason = strings.ToValidUTF8(reason, "?")
	for len(reason) > maxControl-2 {
		_, last := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-last]
	}
	f := []byte{closing, byte(2 + len(reason))}
	return append(binary.BigEndian.AppendUint16(f, uint16(code)), reason...)
}
