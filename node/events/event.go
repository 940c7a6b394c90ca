// Package events makes of what a node sees the events that backends are told: by Go
// callbacks, by server-sent events and by webhooks, all of the same making.
//
// # Flow
//
// A step of the node leaves [channels.Event] values, each with its [channels.Cause].
// They are put in one [Batch], which is handed to the [Queue] of everybody who
// listens. The first of these to look has the events made of it, and the first stream
// has them encoded; nothing of that is under the node's lock.
//
// # Invariants
//
//   - An event's ID follows from its type, its subject and its cause, and from nothing
//     else: whoever saw the same change makes the same ID. See node/EVENTS.md.
//   - A queue is never thinned in silence: it tells how many events it had no room for.
package events

import "encoding/json"

// Type is what an event tells of.
type Type string

// The types of events. "Here" means: seen by the node that tells.
const (
	SessionConnected    Type = "session.connected"    // a socket said hello
	SessionDisconnected Type = "session.disconnected" // and its session ended, for Reason
	SessionAway         Type = "session.away"         // its user is idle there
	SessionOnline       Type = "session.online"       // and is not any more
	UserOnline          Type = "user.online"          // here, and neither away nor hidden
	UserAway            Type = "user.away"            // on all connections, or by choice
	UserOffline         Type = "user.offline"         // gone, or hidden
	UserStatus          Type = "user.status"          // chose another status or text
	ChannelJoin         Type = "channel.join"         // became a member, or showed herself
	ChannelLeave        Type = "channel.leave"        // is no member any more, for Reason
	ChannelUpdate       Type = "channel.update"       // Member is another
	NodeJoined          Type = "node.joined"          // its sessions are shown
	NodeLost            Type = "node.lost"            // and are not any more, for Reason
	ClusterStarted      Type = "cluster.started"      // a first node began, that met nobody
)

// All lists all types.
var All = []Type{
	SessionConnected, SessionDisconnected, SessionAway, SessionOnline,
	UserOnline, UserAway, UserOffline, UserStatus,
	ChannelJoin, ChannelLeave, ChannelUpdate,
	NodeJoined, NodeLost, ClusterStarted,
}

// Missed is no event of the cluster: it tells a Go callback that there were more events
// than it had room for, and how many: Count. No other event has it.
const Missed Type = "missed"

// Event is one event. Fields that its type does not have are empty.
type Event struct {
	// ID is the same wherever the same change was seen: repeats can be told by it.
	ID   string `json:"id"`
	Type Type   `json:"type"`

	// Time is when the node that tells saw it, Unix milliseconds by its clock.
	Time int64 `json:"time"`

	// Node is the label of the node where it happened: whose session it was or, of
	// node.* and cluster.started, which node it is about. NodeID is its id.
	Node   string `json:"node"`
	NodeID string `json:"nodeId"`

	User    string `json:"user,omitempty"` // empty: a session of nobody
	Channel string `json:"channel,omitempty"`
	Session string `json:"session,omitempty"` // as its client was told in welcome
	*Connection

	// Reason is why a session or membership ended: left, logout, closed, timeout,
	// expired, kicked or node_lost; of channel.leave also hidden, which other users are
	// told as left. Of node.lost it is node_lost, or left if the node said goodbye.
	Reason string `json:"reason,omitempty"`

	// Status of user.* is what others see of the user: online, away, busy or offline.
	// Of session.connected it is the session's own: online or away.
	Status string `json:"status,omitempty"`

	Chosen string `json:"chosen,omitempty"` // of user.*: the status that she chose
	Text   string `json:"text,omitempty"`   // of user.*: what she says beside it

	Member *Member `json:"member,omitempty"` // of channel.*: as it is, or was last

	// Sessions of node.lost are those that went with it. Not nil then.
	Sessions []string `json:"sessions,omitzero"`

	Count int `json:"count,omitempty"` // of Missed
}

// Connection is what is known of a session, in each of its events.
type Connection struct {
	Address      string          `json:"address,omitempty"`      // from where it came, which may be a proxy
	Agent        string          `json:"agent,omitempty"`        // its User-Agent, the first 256 bytes
	ConnectedAt  int64           `json:"connectedAt,omitempty"`  // Unix milliseconds
	LastActivity int64           `json:"lastActivity,omitempty"` // Unix milliseconds, as far as its client told
	Meta         json.RawMessage `json:"meta,omitempty"`         // what its client told of it: an object
}

// Member is a user in a channel: the M of the wire protocol.
type Member struct {
	User         string          `json:"user"`
	Since        int64           `json:"since"`                  // first joined, Unix milliseconds
	Status       string          `json:"status,omitempty"`       // away or busy; empty: online
	Data         json.RawMessage `json:"data,omitempty"`         // of the session that set it last: an object
	Profile      json.RawMessage `json:"profile,omitempty"`      // of the token: an object
	LastActivity int64           `json:"lastActivity,omitempty"` // if she is away, Unix milliseconds
}
