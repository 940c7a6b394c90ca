package protocol

import "slices"

// bare is about what a message takes without its channel's name and its entries.
const bare = 128

// grow returns dst with room for a message of that size, so that it need not grow by and
// by. Text that has to be escaped may take more.
func grow(dst []byte, channel string, entries int) []byte {
	return slices.Grow(dst, min(bare+len(channel)+entries, MaxMessage))
}

// sizeOf adds up what the first of these entries take in a message, at most room of them.
func sizeOf[E any](entries []E, room int, size func(*E) int) (n int) {
	for i := range entries[:min(len(entries), room)] {
		n += size(&entries[i])
	}
	return n
}

// slack is what comes after the entries of a message that is cut into parts.
const slack = 64

// appendEntries appends a JSON array of the first of these entries: as many as
// room allows, as long as dst, begun at start, does not outgrow MaxMessage. It
// returns how many it took. If always is set it takes one, whatever its size.
func appendEntries[E any](dst []byte, start int, entries []E, room int, always bool, one func([]byte, *E) []byte) ([]byte, int) {
	dst = append(dst, '[')
	n := 0
	for ; n < len(entries) && n < room; n++ {
		before := len(dst)
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, &entries[n])
		if len(dst)-start > MaxMessage-slack && (n > 0 || !always) {
			dst = dst[:before]
			break
		}
	}
	return append(dst, ']'), n
}
