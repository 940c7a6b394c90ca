package mesh

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/rollcall-presence/rollcall/gossip"
)

const (
	maxFrame = gossip.MaxFrame

	// frameHead is the length of what precedes the body.
	frameHead = 4

	// keptBuffer is the largest buffer that an idle stream keeps.
	keptBuffer = 16 << 10
)

// readFrame reads one frame of a stream and returns its body, which may use buf.
// The body is opaque here: package gossip decodes it.
//
// On the wire, big-endian:
//
//	offset  size  field
//	0       4     n, the length of the body, 1 to maxFrame
//	4       n     the body
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], frameHead)
	if _, err := io.ReadFull(r, buf[:frameHead]); err != nil {
		return nil, fmt.Errorf("read frame length: %w", err)
	}
	n := binary.BigEndian.Uint32(buf[:frameHead])
	if n == 0 || n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes, want 1 to %d: %w", n, maxFrame, gossip.ErrMalformed)
	}
	body := slices.Grow(buf[:0], int(n))[:n]
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, fmt.Errorf("read frame of %d bytes: %w", n, err)
	}
	return body, nil
}

// appendFrame appends a frame to buf; body appends its body.
func appendFrame(buf []byte, body func([]byte) ([]byte, error)) ([]byte, error) {
	start := len(buf)
	buf, err := body(append(buf, make([]byte, frameHead)...))
	if err != nil {
		return nil, fmt.Errorf("encode frame: %w", err)
	}
	n := len(buf) - start - frameHead
	if n < 1 || n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes to send, want 1 to %d", n, maxFrame)
	}
	binary.BigEndian.PutUint32(buf[start:], uint32(n))
	return buf, nil
}

// keep returns a buffer for the next frame: buf itself unless it is large, so
// that one large frame does not cost an idle stream its size for ever.
func keep(buf []byte) []byte {
	if cap(buf) > keptBuffer {
		return nil
	}
	return buf[:0]
}
