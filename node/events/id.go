package events

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/rollcall-presence/rollcall/channels"
)

// id returns the ID of an event: the first 128 bits of the SHA-256 of, each followed by
// a byte 0, the type, user, channel and session, and then of the cause: the origin's 16
// bytes, one byte each for how and later, and both numbers in 8 bytes, big-endian.
func id(e *Event, c channels.Cause) string {
	b := make([]byte, 0, 256)
	for _, s := range [...]string{string(e.Type), e.User, e.Channel, e.Session} {
		b = append(append(b, s...), 0)
	}
	b = append(append(b, c.Origin[:]...), byte(c.How), byte(c.Later))
	b = binary.BigEndian.AppendUint64(b, c.N)
	b = binary.BigEndian.AppendUint64(b, c.Beat)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
