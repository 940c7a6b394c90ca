package gossip

import (
	"errors"

	"github.com/rollcall-presence/rollcall/channels"
)

// Errors of what peers send.
var (
	// ErrMalformed: no node that keeps to the protocol sends this. Close the stream.
	ErrMalformed = errors.New("malformed")
	// ErrStranger: the stream leads to another node than the one that was dialed,
	// mostly because that one was restarted at the same address, or to ourselves.
	ErrStranger = errors.New("another node answered")

	errDigest = errors.New("digest differs")
	errGap    = errors.New("answer does not follow what is held")
)

// Life is what a node says of its own.
type Life uint8

const (
	Serving  Life = iota
	Draining      // it is moving its clients elsewhere
	Left          // it has said goodbye, for good
	Learning      // it does not know its cluster yet: see Core.Ready
)

// Ping is a sign of life.
type Ping struct {
	Node     channels.NodeID
	Beat     uint64 // higher than in any ping of that node before
	Number   uint64 // of the newest change in its table
	Digest   uint64 // of its table at Number
	Interval int64  // how often it pings, in milliseconds
	Timeout  int64  // how long after its last beat it is to be given up, in milliseconds
	Life     Life
	Clock    int64             // the sender's, in milliseconds, when it made this ping
	Yours    int64             // the receiver's Clock then, as the sender reckons it: never too high; 0: it cannot
	Asks     []channels.NodeID // whose beats the receiver shall tell
	Hearsay  []Hearsay
}

// Hearsay is a beat at second hand.
type Hearsay struct {
	Node     channels.NodeID
	Beat     uint64
	Age      int64 // milliseconds since the teller heard it, or since the node left
	Number   uint64
	Digest   uint64
	Readable bool // the teller reads the node's table directly, or holds it since the node left
	Left     bool
}

// Frame is one message of a stream between two nodes. Every frame carries a
// Ping; the rest is there or not.
type Frame struct {
	Ping    *Ping
	Wants   *Wants
	Answer  *Answer
	Resumed []Resumed
	Seen    []channels.Seen // users who left, for a reader that has just joined
	SeenAll bool            // no more of them will come

	Orders   []Order   // to be carried out by the receiver
	Receipts []Receipt // of orders that the receiver gave
	Accounts []Receipt // of its queries: each has an account
}

// hearsay returns what a frame tells of the node whose table it brings, which is of the same
// moment as that, and what it tells of others.
func (f *Frame) hearsay() (same, others []Hearsay) {
	for _, h := range f.Ping.Hearsay {
		if f.Answer != nil && h.Node == f.Answer.Origin {
			same = append(same, h)
		} else {
			others = append(others, h)
		}
	}
	return same, others
}

// Wants names all that a reader reads on a stream.
type Wants struct {
	Serial uint64
	Wants  []Want
	Seen   bool // tell, once, when users who left were last seen
}

// Want asks for what came after a number in a table.
type Want struct {
	Origin channels.NodeID
	After  uint64
	Whole  bool // distrust After: send the whole table
}

// Answer is a part of a table, or of what changed in it.
type Answer struct {
	Origin   channels.NodeID
	Serial   uint64 // of the Wants that it answers
	From, To uint64 // it covers what came after From, up to To
	Tip      uint64 // the sender's newest number when it made this part
	Whole    bool   // it begins the whole table
	Final    bool   // it ends at the tip of the sender's table or copy
	Digest   uint64 // of that tip, if Final
	Items    []Item // in the order of their numbers
	Gone     bool   // the sender can no longer serve this origin
}

// Resumed tells the holder of a session that its user opened another in its stead.
type Resumed struct {
	Session uint64
	User    string // who resumed it: the holder compares
}
