package webhook

import (
	"hash/fnv"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
)

// choose returns who of the nodes sends what has a key: the one that scores highest with
// it (rendezvous hashing), so that a node that comes or goes moves only its own share.
// Zero: there is none.
func choose(key string, nodes []channels.NodeID) (best channels.NodeID) {
	var most uint64
	for _, id := range nodes {
		h := fnv.New64a()
		h.Write(id[:])
		h.Write([]byte(key))
		score := mix(h.Sum64())
		if score > most || score == most && string(id[:]) > string(best[:]) {
			best, most = id, score
		}
	}
	return best
}

// mix spreads the bits of a sum whose last bytes hardly reach the high ones (the
// finalizer of SplitMix64, Steele, Lea and Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// key is by what the sender of an event is chosen: order is kept for all of one key.
func key(e *events.Event) string {
	switch {
	case e.User != "":
		return "user " + e.User
	case e.Session != "":
		return "session " + e.Session
	default:
		return "node " + e.NodeID
	}
}

// weight is about how many bytes an event takes.
func weight(e *events.Event) int {
	n := 512 + len(e.User) + len(e.Channel) + len(e.Text) + 64*len(e.Sessions)
	if e.Member != nil {
		n += len(e.Member.Data) + len(e.Member.Profile)
	}
	if e.Connection != nil {
		n += len(e.Meta) + len(e.Agent)
	}
	return n
}
