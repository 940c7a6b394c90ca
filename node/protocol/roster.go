package protocol

// Roster tells a follower who is in a channel, in as many messages as it
// takes. Nothing else about the channel may be sent between them.
type Roster struct {
	Channel string
	Version uint64 // of the channel on this node; the next diff has one more
	Count   int    // members, listed or not
	Members []Member
	Only    Mode // Count: no members are listed
	Partial bool // Members are not all there are, on purpose
	Missing bool // members may be missing, for a node is late
}

// AppendPart appends the next message and takes its members off r. It reports
// whether there is another one.
//
// To answer a request that has an id without encoding the roster again for every
// joiner, send [AppendRosterID] followed by [RosterTail] of each message.
func (r *Roster) AppendPart(dst []byte) (out []byte, more bool) {
	dst = grow(dst, r.Channel, sizeOf(r.Members, MaxMembers, (*Member).size))
	start := len(dst)
	dst = appendType(dst, "roster", 0)
	dst = appendText(dst, "channel", r.Channel)
	dst = appendUint(dst, "version", r.Version)
	dst = appendInt(dst, "count", int64(r.Count))
	if r.Only == Members {
		var n int
		dst, n = appendEntries(appendKey(dst, "members"), start, r.Members, MaxMembers, true, appendMember)
		r.Members = r.Members[n:]
		more = len(r.Members) > 0
	}
	if more {
		dst = append(dst, `,"more":true`...)
	} else {
		dst = append(dst, `,"more":false`...)
	}
	if r.Partial {
		dst = append(dst, `,"partial":true`...)
	}
	if r.Missing {
		dst = append(dst, `,"complete":false`...)
	}
	return append(dst, '}'), more
}

const rosterHead = `{"type":"roster"`

// AppendRosterID appends the start of a roster message that answers the request with that id.
func AppendRosterID(dst []byte, id int64) []byte { return appendType(dst, "roster", id) }

// RosterTail returns what follows [AppendRosterID] to make a message that answers
// a request of a message made by [Roster.AppendPart], whose memory it shares.
func RosterTail(message []byte) []byte { return message[len(rosterHead):] }
