package protocol

// Request is what a client asks: one of Hello, Join, Watch, Leave, Update,
// Sync, State, Status, Follow, Unfollow, Token, Logout, Time, Pong and Bye.
type Request interface {
	// RequestID returns the id to answer with; 0: the request has none, and is
	// answered only by an error, or by what it asked for.
	RequestID() int64
}

// ID is the id of a request, 1 to MaxID; 0: none.
type ID int64

// RequestID makes every type that embeds an ID a Request.
func (id ID) RequestID() int64 { return int64(id) }

// Secret is a token. Printed by accident, in a log or an error, it does not show.
type Secret string

// String hides the token from the fmt verbs %v and %s.
func (Secret) String() string { return "(secret)" }

// GoString hides the token from the fmt verb %#v.
func (Secret) GoString() string { return "(secret)" }

// Mode says what a follower of a channel is told.
type Mode uint8

const (
	Members Mode = iota // who is there: a roster, then diffs
	Count               // only how many
)

// The words for the state of a connection and the status of a user.
const (
	Online  = "online"
	Away    = "away"
	Busy    = "busy"    // only a status
	Offline = "offline" // only a status: invisible
)

type (
	// Hello opens a session. It is the first request on a socket.
	Hello struct {
		ID
		Token  Secret // empty: none
		Resume string // the session of this client's former socket; empty: none
		State  string // Online or Away
		Idle   int64  // milliseconds since the last user action, 0 to MaxIdle
		Status string // chosen status to assert again; empty: none
		Meta   string // JSON object of at most MaxMeta bytes; empty: none
	}

	// Join makes the user a member of a channel and follows it.
	Join struct {
		ID
		Channel string
		Data    string // JSON object; empty: none given
		Mode    Mode
	}

	// Watch follows a channel without membership.
	Watch struct {
		ID
		Channel string
		Mode    Mode
	}

	// Leave ends a membership or a watch.
	Leave struct {
		ID
		Channel string
	}

	// Update sets the data of a membership.
	Update struct {
		ID
		Channel string
		Data    string // JSON object
	}

	// Sync asks for a channel's roster again.
	Sync struct {
		ID
		Channel string
	}

	// State says whether somebody is active at this connection.
	State struct {
		ID
		State string // Online or Away
		Idle  int64  // milliseconds since the last user action, 0 to MaxIdle
	}

	// Status chooses the user's status.
	Status struct {
		ID
		Status string // Online, Away, Busy or Offline
		Text   string // at most MaxText bytes
	}

	// Follow asks for the status of users.
	Follow struct {
		ID
		Users []string // at most MaxUsers
	}

	// Unfollow ends that.
	Unfollow struct {
		ID
		Users []string // at most MaxUsers
	}

	// Token renews the session's token, or makes it another user's.
	Token struct {
		ID
		Token Secret
	}

	// Logout gives up the identity.
	Logout struct{ ID }

	// Time asks for the node's clock.
	Time struct{ ID }

	// Pong answers a ping.
	Pong struct{ ID }

	// Bye ends the session and all its memberships at once.
	Bye struct{ ID }
)
