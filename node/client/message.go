package client

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Hello is the first frame of a connection. A zero field is left out.
type Hello struct {
	Token  string          `json:"token,omitempty"`
	Resume string          `json:"resume,omitempty"` // the session of this user's last connection
	State  string          `json:"state,omitempty"`  // online or away
	Idle   int64           `json:"idle,omitempty"`   // milliseconds since the user did something
	Status string          `json:"status,omitempty"` // chosen status, asserted again
	Meta   json.RawMessage `json:"meta,omitempty"`   // object about the connection
}

// Request is any other frame of a client. Type says which fields count.
type Request struct {
	Type    string          `json:"type"`
	ID      uint64          `json:"id,omitempty"` // 1 to 2⁵³−1; [Client.Do] sets it
	Channel string          `json:"channel,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Mode    string          `json:"mode,omitempty"`
	State   string          `json:"state,omitempty"`
	Idle    int64           `json:"idle,omitempty"`
	Status  string          `json:"status,omitempty"`
	Text    string          `json:"text,omitempty"`
	Users   []string        `json:"users,omitempty"`
	Token   string          `json:"token,omitempty"`
}

// Message is one message of a node. Type says which fields count; times are
// Unix milliseconds by the node's clock, durations milliseconds.
type Message struct {
	Type string `json:"type"`
	ID   uint64 `json:"id"` // of the request that this answers; 0: none

	// welcome, and ok after token and logout
	Session  string `json:"session"` // empty in ok: as before
	Name     string `json:"-"`       // the user; empty if anonymous
	Node     string `json:"node"`
	Time     int64  `json:"time"` // also of ping and time
	Interval int64  `json:"interval"`
	Timeout  int64  `json:"timeout"`
	Expires  int64  `json:"expires"` // 0: never, or not told
	Status   string `json:"status"`

	// roster, diff, count, ended
	Channel  string   `json:"channel"`
	Version  uint64   `json:"version"`
	Count    int      `json:"count"`
	Members  []Member `json:"members"`
	More     bool     `json:"more"`
	Partial  bool     `json:"partial"`
	Complete *bool    `json:"complete"` // nil means yes
	Join     []Member `json:"join"`
	Update   []Member `json:"update"`
	Leave    []Leave  `json:"leave"`

	// user and users
	User  *UserStatus  `json:"-"`
	Users []UserStatus `json:"users"`

	// unfollowed
	Names []string `json:"names"`

	Code  string `json:"code"`    // error, ended, unfollowed
	Text  string `json:"message"` // error
	Delay int64  `json:"delay"`   // drain
}

// Member is a user in a channel.
type Member struct {
	User         string          `json:"user"`
	Since        int64           `json:"since"`
	Status       string          `json:"status,omitempty"` // empty means online
	Data         json.RawMessage `json:"data,omitempty"`
	Profile      json.RawMessage `json:"profile,omitempty"`
	LastActivity int64           `json:"lastActivity,omitempty"`
}

// Leave says who left a channel, and why.
type Leave struct {
	User   string `json:"user"`
	Reason string `json:"reason"`
}

// UserStatus is what a node tells of a followed user.
type UserStatus struct {
	User         string `json:"user"`
	Status       string `json:"status"`
	Since        int64  `json:"since,omitempty"`
	LastActivity int64  `json:"lastActivity,omitempty"`
	LastSeen     int64  `json:"lastSeen,omitempty"`
	Text         string `json:"text,omitempty"`
}

// parse reads one message. The field user is a name in some messages and an
// object in another; both are taken apart here.
func parse(data []byte) (*Message, error) {
	type plain Message
	raw := struct {
		plain
		User json.RawMessage `json:"user"`
	}{}
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("client: read message: %w", err)
	}
	m := Message(raw.plain)
	if m.Type == "" {
		return nil, fmt.Errorf("client: read message: no type in %.80q", data)
	}
	var err error
	switch {
	case len(raw.User) == 0 || bytes.Equal(raw.User, []byte("null")):
	case m.Type == "user":
		m.User = new(UserStatus)
		err = json.Unmarshal(raw.User, m.User)
	default:
		err = json.Unmarshal(raw.User, &m.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("client: read user of %q: %w", m.Type, err)
	}
	return &m, nil
}

// AnswerError is a node's refusal of a request.
type AnswerError struct {
	Code string // such as "forbidden"
	Text string // for people
}

// Error gives code and text.
func (e *AnswerError) Error() string { return fmt.Sprintf("node answers %s: %s", e.Code, e.Text) }
