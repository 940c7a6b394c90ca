package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// AppendRequest appends a request as a client sends it: the inverse of [Decoder.Decode].
func AppendRequest(dst []byte, r Request) []byte {
	switch r := r.(type) {
	case Hello:
		return appendHello(dst, r)
	case Join:
		dst = appendText(appendType(dst, "join", r.RequestID()), "channel", r.Channel)
		dst = appendMode(appendObject(dst, "data", r.Data), r.Mode)
	case Watch:
		dst = appendText(appendType(dst, "watch", r.RequestID()), "channel", r.Channel)
		dst = appendMode(dst, r.Mode)
	case Leave:
		dst = appendText(appendType(dst, "leave", r.RequestID()), "channel", r.Channel)
	case Update:
		dst = appendText(appendType(dst, "update", r.RequestID()), "channel", r.Channel)
		dst = appendObject(dst, "data", r.Data)
	case Sync:
		dst = appendText(appendType(dst, "sync", r.RequestID()), "channel", r.Channel)
	case State:
		dst = appendText(appendType(dst, "state", r.RequestID()), "state", r.State)
		dst = appendInt(dst, "idle", r.Idle)
	case Status:
		dst = appendText(appendType(dst, "status", r.RequestID()), "status", r.Status)
		dst = appendText(dst, "text", r.Text)
	case Follow:
		dst = appendNames(appendType(dst, "follow", r.RequestID()), r.Users)
	case Unfollow:
		dst = appendNames(appendType(dst, "unfollow", r.RequestID()), r.Users)
	case Token:
		dst = appendText(appendType(dst, "token", r.RequestID()), "token", string(r.Token))
	case Logout:
		dst = appendType(dst, "logout", r.RequestID())
	case Time:
		dst = appendType(dst, "time", r.RequestID())
	case Pong:
		dst = appendType(dst, "pong", r.RequestID())
	case Bye:
		dst = appendType(dst, "bye", r.RequestID())
	}
	return append(dst, '}')
}

func appendHello(dst []byte, h Hello) []byte {
	dst = appendType(dst, "hello", h.RequestID())
	if h.Token != "" {
		dst = appendText(dst, "token", string(h.Token))
	}
	if h.Resume != "" {
		dst = appendText(dst, "resume", h.Resume)
	}
	if h.State != "" {
		dst = appendText(dst, "state", h.State)
	}
	dst = appendInt(dst, "idle", h.Idle)
	if h.Status != "" {
		dst = appendText(dst, "status", h.Status)
	}
	return append(appendObject(dst, "meta", h.Meta), '}')
}

func appendObject(dst []byte, key, object string) []byte {
	if object == "" {
		return dst
	}
	return appendRaw(dst, key, object)
}

func appendMode(dst []byte, m Mode) []byte {
	if m == Count {
		return appendText(dst, "mode", "count")
	}
	return dst
}

func appendNames(dst []byte, names []string) []byte {
	dst = append(appendKey(dst, "users"), '[')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
	}
	return append(dst, ']')
}

// Message is any message of a node, as a client written in Go reads it: by
// [ReadMessage]. Fields that a type does not have are zero.
type Message struct {
	Type     string         `json:"type"`
	ID       int64          `json:"id"`
	Session  string         `json:"session"`
	Node     string         `json:"node"`
	Time     int64          `json:"time"`
	Interval int64          `json:"interval"`
	Timeout  int64          `json:"timeout"`
	Expires  int64          `json:"expires"`
	Status   string         `json:"status"`
	Channel  string         `json:"channel"`
	Version  uint64         `json:"version"`
	Count    int            `json:"count"`
	Members  []MemberFields `json:"members"`
	More     bool           `json:"more"`
	Partial  bool           `json:"partial"`
	Complete *bool          `json:"complete"` // nil: true
	Join     []MemberFields `json:"join"`
	Update   []MemberFields `json:"update"`
	Leave    []LeaverFields `json:"leave"`
	Code     Code           `json:"code"`
	Message  string         `json:"message"`
	Users    []UserFields   `json:"users"`
	Names    []string       `json:"names"`
	Delay    int64          `json:"delay"`

	// User is a string or null in welcome and ok, an object in user: see
	// [Message.UserName] and [Message.UserStatus].
	User json.RawMessage `json:"user"`
}

// MemberFields is a Member as it is written.
type MemberFields struct {
	User         string          `json:"user"`
	Since        int64           `json:"since"`
	Status       string          `json:"status"` // empty: Online
	Data         json.RawMessage `json:"data"`
	Profile      json.RawMessage `json:"profile"`
	LastActivity int64           `json:"lastActivity"`
}

// LeaverFields is a Leaver as it is written.
type LeaverFields struct {
	User   string `json:"user"`
	Reason string `json:"reason"`
}

// UserFields is a User as it is written.
type UserFields struct {
	User         string `json:"user"`
	Status       string `json:"status"`
	Since        int64  `json:"since"`
	LastActivity int64  `json:"lastActivity"`
	LastSeen     int64  `json:"lastSeen"`
	Text         string `json:"text"`
}

// ReadMessage reads one line of what a node sent.
func ReadMessage(line []byte) (*Message, error) {
	m := new(Message)
	if err := json.Unmarshal(line, m); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return m, nil
}

// UserName returns the user of a welcome or an ok; empty: anonymous, or none is told.
func (m *Message) UserName() string {
	var name string
	if bytes.HasPrefix(m.User, []byte{'"'}) {
		_ = json.Unmarshal(m.User, &name) // ReadMessage found it to be a string
	}
	return name
}

// UserStatus returns what a user message tells.
func (m *Message) UserStatus() (UserFields, error) {
	var u UserFields
	if err := json.Unmarshal(m.User, &u); err != nil {
		return u, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}
