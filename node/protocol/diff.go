package protocol

// Diff tells the followers of a channel what changed, in as many messages as
// it takes: each has a version of its own, so that a follower who missed one knows.
type Diff struct {
	Channel string
	Version uint64 // of the next message
	Count   int    // members once all messages are sent
	Join    []Member
	Update  []Member
	Leave   []Leaver
}

// AppendPart appends the next message, takes its entries off d and counts
// d.Version up. It reports whether there is another one. The channel's version is
// then the last message's, d.Version - 1.
func (d *Diff) AppendPart(dst []byte) (out []byte, more bool) {
	dst = grow(dst, d.Channel, sizeOf(d.Join, MaxEntries, (*Member).size)+
		sizeOf(d.Update, MaxEntries, (*Member).size)+sizeOf(d.Leave, MaxEntries, (*Leaver).size))
	start, room := len(dst), MaxEntries
	dst = appendType(dst, "diff", 0)
	dst = appendText(dst, "channel", d.Channel)
	dst = appendUint(dst, "version", d.Version)
	dst, d.Join = appendSome(dst, start, "join", d.Join, &room, appendMember)
	if len(d.Join) == 0 {
		dst, d.Update = appendSome(dst, start, "update", d.Update, &room, appendMember)
	}
	if len(d.Join)+len(d.Update) == 0 {
		dst, d.Leave = appendSome(dst, start, "leave", d.Leave, &room, appendLeaver)
	}
	// As of this message: joins still to be told do not count yet, leaves do.
	dst = appendInt(dst, "count", int64(d.Count-len(d.Join)+len(d.Leave)))
	d.Version++
	return append(dst, '}'), len(d.Join)+len(d.Update)+len(d.Leave) > 0
}

// appendSome appends a list of those entries that fit into the message, and
// returns the others. An empty list is left out.
func appendSome[E any](dst []byte, start int, key string, entries []E, room *int, one func([]byte, *E) []byte) ([]byte, []E) {
	if len(entries) == 0 || *room == 0 {
		return dst, entries
	}
	before := len(dst)
	dst, n := appendEntries(appendKey(dst, key), start, entries, *room, *room == MaxEntries, one)
	if n == 0 {
		return dst[:before], entries
	}
	*room -= n
	return dst, entries[n:]
}
