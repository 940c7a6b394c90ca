package channels

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// NodeID identifies one run of one node: 128 random bits, new at every start.
type NodeID [16]byte

// String returns the id as 32 hexadecimal digits.
func (id NodeID) String() string { return hex.EncodeToString(id[:]) }

// ParseNodeID is the inverse of [NodeID.String].
func ParseNodeID(s string) (NodeID, error) {
	var id NodeID
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("node id of %d characters, want %d", len(s), 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, fmt.Errorf("node id: %w", err)
	}
	return id, nil
}

// SessionName returns what a session is called outside of its cluster: by the node that
// holds it, and the ID that it has there.
func SessionName(node NodeID, session uint64) string {
	return node.String() + "-" + strconv.FormatUint(session, 36)
}

// ParseSessionName is the inverse of [SessionName].
func ParseSessionName(name string) (node NodeID, session uint64, err error) {
	left, right, ok := strings.Cut(name, "-")
	if !ok {
		return node, 0, fmt.Errorf("session %q has no dash", name)
	}
	if node, err = ParseNodeID(left); err != nil {
		return node, 0, err
	}
	session, err = strconv.ParseUint(right, 36, 64)
	return node, session, err
}

// Now is the moment at which something happens on this node.
type Now struct {
	// Run is the node's own running time. It only grows, stands still while the
	// process is paused and until it has caught up, and decides every deadline.
	Run time.Duration

	// Wall is Unix milliseconds by this node's clock. It stamps what people
	// read (since, last activity, last seen) and decides nothing.
	Wall int64
}

// State is what a session tells of itself.
type State uint8

const (
	Online State = iota + 1 // its user was active lately
	Away                    // its user was not, or said so
	Broken                  // its socket is gone, its grace is not over
)

var stateWords = [...]string{"", "online", "away", "broken"}

// String returns the word that the wire protocol uses; empty: there is none.
func (s State) String() string {
	if int(s) < len(stateWords) {
		return stateWords[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// Status is what a user chose to be, or what others see her as.
type Status uint8

const (
	StatusOnline Status = iota + 1
	StatusAway
	StatusBusy
	StatusOffline // invisible: connected, but others see her gone
)

var statusWords = [...]string{"", "online", "away", "busy", "offline"}

// String returns the word that the wire protocol uses; empty: there is none.
func (s Status) String() string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// Choice is a chosen status and its rank among the choices of the same user.
// The highest rank wins everywhere: a choice that was made beats one that was
// only asserted again, then the higher Stamp wins, then the higher By. Among
// asserted ones StatusOffline wins before all that.
type Choice struct {
	Status   Status
	Text     string // at most 256 bytes
	Stamp    uint64 // 1 + the highest known for the user when it was made
	By       NodeID // the node where it was made
	Asserted bool   // re-asserted by hello or token, not chosen on this connection
}

// Session is one WebSocket connection as its origin tells it. A Session is
// never changed once made: a change makes another of the same ID. Origin and ID
// together name it in the cluster.
type Session struct {
	ID      uint64  // unique on its origin among sessions and memberships, never used again
	User    string  // empty if anonymous
	State   State   //
	Active  int64   // last activity, Unix milliseconds by this node's clock; 0: unknown
	Choice  *Choice // nil: never chosen, which is StatusOnline
	Profile string  // the token's profile claim, JSON; empty: none. At most 1 KiB with Choice.Text

	Details *Details // the same for all of this ID; nil: unknown
}

// Membership is one session's place in one channel as its origin tells it.
// Like a Session it is never changed once made.
type Membership struct {
	ID      uint64 // unique on its origin among sessions and memberships, never used again
	Session uint64 // ID of the session, on the same origin
	Channel string
	Data    string // JSON object; empty: none
	Stamp   uint64 // of Data: 1 + the highest known for user and channel when it was set
	Since   int64  // when the user first joined, Unix milliseconds by this node's clock
}

// Reason says why a session or membership ended.
type Reason uint8

const (
	ReasonLeft     Reason = iota + 1 // left the channel, or said bye
	ReasonLogout                     // gave up the identity, or took another
	ReasonClosed                     // socket closed without bye, and nobody was back within the grace
	ReasonTimeout                    // socket silent
	ReasonExpired                    // token not renewed
	ReasonKicked                     // by an operator
	ReasonNodeLost                   // the node died
	ReasonHidden                     // chose offline; followers are told ReasonLeft
)

var reasonNames = [...]string{"", "left", "logout", "closed", "timeout", "expired", "kicked", "node_lost", "hidden"}

// String returns the word that the wire protocol uses.
func (r Reason) String() string {
	if int(r) < len(reasonNames) && r > 0 {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// Place says that a user is to be found on Node, by whoever has read its table up to Number.
type Place struct {
	Node   NodeID
	Number uint64
}

// End says how a session or membership ended.
type End struct {
	Reason Reason

	// Elsewhere names where the holder saw the user at that moment (for a
	// membership: in that channel), so that a view which has heard the end
	// but not yet of the return keeps the user until it has. At most MaxPlaces.
	Elsewhere []Place

	// Forgotten says that the holder does not remember the end any more: a
	// whole table was read, and the entry was not in it. Where the user went
	// is forgotten too, so the view lets the entry stand for the grace. It does
	// not travel.
	Forgotten bool
}

// MaxPlaces bounds [End.Elsewhere].
const MaxPlaces = 4

// Change is one entry of an origin put or ended. Exactly one of Session and
// Membership is set: the entry as it is now or, with End, as it was last.
type Change struct {
	Session    *Session
	Membership *Membership
	End        *End // nil: put

	// Number is that of the change in its origin's table: each takes the next one. An
	// end that nobody remembers has none.
	Number uint64
}
