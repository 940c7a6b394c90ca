package stream

// Item is what a node told in one go: a sync, if that is not nil, else a change.
type Item struct {
	Sync   *Sync
	Change Change
}

// Sync is all that a node knows at a moment.
type Sync struct {
	Event    string // id of the event that told it
	Time     int64
	Nodes    []string     // all whose sessions it knows
	Sessions []Connection // all that they hold
}

// Change is what one event told. Event is its id: a repeat is known by it.
type Change struct {
	Kind  Kind
	Event string
	Connection
}

// Kind says what a [Change] tells of.
type Kind uint8

const (
	Login  Kind = iota + 1 // a session is there
	Logout                 // and has ended at Logout, for Reason
	Active                 // its LastActivity is news
)

// Connection is a session as it is told of. Times are Unix milliseconds; 0: not known.
type Connection struct {
	Session      string `json:"session"`
	User         string `json:"user,omitempty"` // empty: anonymous
	Node         string `json:"node"`           // id of the node that holds the socket
	NodeName     string `json:"nodeName"`       // label of that node
	Address      string `json:"address,omitempty"`
	Agent        string `json:"agent,omitempty"`
	Login        int64  `json:"login"`
	LastActivity int64  `json:"lastActivity,omitempty"`

	Logout int64  `json:"logout,omitempty"` // 0: still there
	Reason string `json:"reason,omitempty"`
}
