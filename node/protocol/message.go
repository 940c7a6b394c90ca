package protocol

// Welcome answers hello.
type Welcome struct {
	ID       int64  // of the request; 0: none
	Session  string // to resume by
	User     string // empty: anonymous
	Node     string // label
	Time     int64  // Unix milliseconds
	Interval int64  // milliseconds, like Timeout
	Timeout  int64
	Expires  int64  // when the token ends, Unix milliseconds; 0: never
	Status   string // chosen
}

// AppendWelcome appends the answer to hello.
func AppendWelcome(dst []byte, w *Welcome) []byte {
	dst = appendType(dst, "welcome", w.ID)
	dst = appendText(dst, "session", w.Session)
	dst = appendUserOrNull(dst, w.User)
	dst = appendText(dst, "node", w.Node)
	dst = appendInt(dst, "time", w.Time)
	dst = appendInt(dst, "interval", w.Interval)
	dst = appendInt(dst, "timeout", w.Timeout)
	dst = appendExpires(dst, w.Expires)
	dst = appendText(dst, "status", w.Status)
	return append(dst, '}')
}

func appendUserOrNull(dst []byte, user string) []byte {
	if user == "" {
		return appendRaw(dst, "user", "null")
	}
	return appendText(dst, "user", user)
}

func appendExpires(dst []byte, at int64) []byte {
	if at == 0 {
		return appendRaw(dst, "expires", "null")
	}
	return appendInt(dst, "expires", at)
}

// AppendOK appends the answer to a request that asked for nothing to be told.
func AppendOK(dst []byte, id int64) []byte { return append(appendType(dst, "ok", id), '}') }

// AppendIdentity appends the answer to token and logout: who the session is
// now (empty: anonymous), until when (Unix milliseconds; 0: no end), and its name if
// another session began (else empty).
func AppendIdentity(dst []byte, id int64, user string, expires int64, session string) []byte {
	dst = appendUserOrNull(appendType(dst, "ok", id), user)
	dst = appendExpires(dst, expires)
	if session != "" {
		dst = appendText(dst, "session", session)
	}
	return append(dst, '}')
}

// AppendError appends what is wrong with a request, or with the socket (ID 0).
func AppendError(dst []byte, e *Error) []byte {
	dst = appendType(dst, "error", e.ID)
	dst = appendText(dst, "code", string(e.Code))
	dst = appendText(dst, "message", e.Message)
	return append(dst, '}')
}

// AppendEnded appends that the node ended a membership or a watch, for Forbidden or Unauthorized.
func AppendEnded(dst []byte, channel string, code Code) []byte {
	dst = appendText(appendType(dst, "ended", 0), "channel", channel)
	return append(appendText(dst, "code", string(code)), '}')
}

// AppendUnfollowed appends that the node ended the following of users, for Forbidden or Unauthorized.
func AppendUnfollowed(dst []byte, names []string, code Code) []byte {
	dst = append(appendKey(appendType(dst, "unfollowed", 0), "names"), '[')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
	}
	return append(appendText(append(dst, ']'), "code", string(code)), '}')
}

// AppendCount appends the count of a channel, for followers who asked for no more.
func AppendCount(dst []byte, channel string, version uint64, count int) []byte {
	dst = appendText(appendType(dst, "count", 0), "channel", channel)
	dst = appendInt(appendUint(dst, "version", version), "count", int64(count))
	return append(dst, '}')
}

// AppendUsers appends the answer to follow.
func AppendUsers(dst []byte, id int64, users []User) []byte {
	dst = append(appendKey(appendType(dst, "users", id), "users"), '[')
	for i := range users {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendUser(dst, &users[i])
	}
	return append(dst, ']', '}')
}

// AppendUser appends that a followed user changed.
func AppendUser(dst []byte, u *User) []byte {
	dst = appendKey(appendType(dst, "user", 0), "user")
	return append(appendUser(dst, u), '}')
}

// AppendTime appends the node's clock, Unix milliseconds.
func AppendTime(dst []byte, id, now int64) []byte {
	return append(appendInt(appendType(dst, "time", id), "time", now), '}')
}

// AppendPing appends the question for a sign of life.
func AppendPing(dst []byte, now int64) []byte {
	return append(appendInt(appendType(dst, "ping", 0), "time", now), '}')
}

// AppendExpiring appends that the token ends soon, at Unix milliseconds.
func AppendExpiring(dst []byte, at int64) []byte {
	return append(appendInt(appendType(dst, "expiring", 0), "expires", at), '}')
}

// AppendDrain appends that the node is going away and the client should, after
// that many milliseconds.
func AppendDrain(dst []byte, delay int64) []byte {
	return append(appendInt(appendType(dst, "drain", 0), "delay", delay), '}')
}
