package protocol

// Member is a user in a channel, as followers are told of it.
type Member struct {
	User         string
	Since        int64  // first joined, Unix milliseconds
	Status       string // Online (or empty), Away or Busy
	Data         string // JSON object in one line; empty: none
	Profile      string // JSON in one line, from the token; empty: none
	LastActivity int64  // Unix milliseconds; 0: not told
}

// Leaver is a user who left a channel.
type Leaver struct {
	User   string
	Reason string // left, logout, closed, timeout, expired, kicked or node_lost
}

// User is a user's status, as those who follow it are told.
type User struct {
	User         string
	Status       string // Online, Away, Busy or Offline
	Since        int64  // Unix milliseconds; 0: not told, like the two below
	LastActivity int64
	LastSeen     int64
	Text         string // beside the status; empty: none
}

func appendMember(dst []byte, m *Member) []byte {
	dst = appendString(append(dst, `{"user":`...), m.User)
	dst = appendInt(dst, "since", m.Since)
	if m.Status != "" && m.Status != Online {
		dst = appendText(dst, "status", m.Status)
	}
	if m.Data != "" {
		dst = appendRaw(dst, "data", m.Data)
	}
	if m.Profile != "" {
		dst = appendRaw(dst, "profile", m.Profile)
	}
	if m.LastActivity != 0 {
		dst = appendInt(dst, "lastActivity", m.LastActivity)
	}
	return append(dst, '}')
}

// size is how long a member is in a message, if nothing of it is escaped.
func (m *Member) size() int {
	n := len(`{"user":"","since":1760000000000},`) + len(m.User)
	if m.Data != "" {
		n += len(`,"data":`) + len(m.Data)
	}
	if m.Profile != "" {
		n += len(`,"profile":`) + len(m.Profile)
	}
	if m.Status != "" && m.Status != Online || m.LastActivity != 0 {
		n += len(`,"status":"away","lastActivity":1760000000000`)
	}
	return n
}

func (l *Leaver) size() int { return len(`{"user":"","reason":""},`) + len(l.User) + len(l.Reason) }

func appendLeaver(dst []byte, l *Leaver) []byte {
	dst = appendString(append(dst, `{"user":`...), l.User)
	dst = appendText(dst, "reason", l.Reason)
	return append(dst, '}')
}

func appendUser(dst []byte, u *User) []byte {
	dst = appendString(append(dst, `{"user":`...), u.User)
	dst = appendText(dst, "status", u.Status)
	if u.Since != 0 {
		dst = appendInt(dst, "since", u.Since)
	}
	if u.LastActivity != 0 {
		dst = appendInt(dst, "lastActivity", u.LastActivity)
	}
	if u.LastSeen != 0 {
		dst = appendInt(dst, "lastSeen", u.LastSeen)
	}
	if u.Text != "" {
		dst = appendText(dst, "text", u.Text)
	}
	return append(dst, '}')
}
