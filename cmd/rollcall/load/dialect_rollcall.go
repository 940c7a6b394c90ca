package load

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load/scan"
)

// Rollcall is the [Dialect] of this repository: see node/PROTOCOL.md.
type Rollcall struct {
	// Token returns a token of a user. It may be called concurrently.
	Token func(user string) (string, error)
}

// Header asks for the one subprotocol that there is.
func (Rollcall) Header(string) http.Header {
	return http.Header{"Sec-Websocket-Protocol": {"rollcall.v1"}}
}

// Session makes the token of a user, and resumes a former session.
func (r Rollcall) Session(user string, former Session) (Session, error) {
	token, err := r.Token(user)
	if err != nil {
		return nil, err
	}
	s := &rollcallSession{token: token}
	if former, ok := former.(*rollcallSession); ok {
		s.resume = cmp.Or(former.session, former.resume) // it may have been cut before it was welcomed
	}
	return s, nil
}

// rollcallSession is one socket's talk with a node.
type rollcallSession struct {
	token   string // "" once it was sent
	resume  string
	session string
	follows bool   // a roster of the channel has begun
	version uint64 // of the channel, then
	partly  bool   // more parts of a roster are to come
}

// joinID is the id of a join, leaveID that of a leave: only these are answered.
const (
	joinID  = 2
	leaveID = 3
)

func (s *rollcallSession) Hello(b []byte) []byte {
	b = append(b, `{"type":"hello","id":1,"token":"`...)
	b = append(b, s.token...)
	s.token = "" // not to be kept by thousands
	if s.resume != "" {
		b = append(b, `","resume":"`...)
		b = append(b, s.resume...)
	}
	return append(b, `"}`...)
}

func (s *rollcallSession) Join(b []byte, channel string) []byte {
	s.follows, s.partly = false, false
	return request(b, "join", joinID, channel)
}

func (s *rollcallSession) Leave(b []byte, channel string) []byte {
	s.follows = false
	return request(b, "leave", leaveID, channel)
}

func request(b []byte, kind string, id int, channel string) []byte {
	b = append(append(b, `{"type":"`...), kind...)
	b = strconv.AppendInt(append(b, `","id":`...), int64(id), 10)
	b = append(append(b, `,"channel":"`...), channel...)
	return append(b, `"}`...)
}

func (s *rollcallSession) Bye(b []byte) []byte { return append(b, `{"type":"bye"}`...) }

var pong = []byte(`{"type":"pong"}`)

// Read reads a frame, which holds one object or more. The type comes first in each, as the node
// writes them.
func (s *rollcallSession) Read(text []byte, to Told) error {
	for in := scan.New(text); in.More(); {
		m := message{text: text, to: to, session: s}
		in.Object(func(key []byte) { m.field(&in, key) })
		if err := in.Err(); err != nil {
			return err
		}
		if err := m.end(); err != nil {
			return err
		}
	}
	return nil
}

// message is one object on its way from the text to [Told].
type message struct {
	text    []byte
	to      Told
	session *rollcallSession

	kind, channel, code, words []byte
	id                         int64
	version                    uint64
	count                      int64
	counted, more, partial     bool
	skip                       bool // it is not about what the client follows now
	failed                     error
}

// field takes one field. What has names in it is told at once: type, channel and version stand before it.
func (m *message) field(in *scan.Scanner, key []byte) {
	switch string(key) {
	case "type":
		m.kind = in.Text()
	case "id":
		m.id = in.Int()
	case "channel":
		m.channel = in.Text()
	case "version":
		m.version = uint64(in.Int())
		m.begin()
	case "count":
		m.count, m.counted = in.Int(), true
	case "members":
		in.Array(func() { m.user(in, m.to.Member) })
	case "join":
		in.Array(func() { m.user(in, func(user []byte) { m.to.Joined(m.channel, user) }) })
	case "leave":
		in.Array(func() { m.user(in, func(user []byte) { m.to.Left(m.channel, user) }) })
	case "more":
		m.more = in.Bool()
	case "partial":
		m.partial = in.Bool()
	case "session":
		m.session.session = string(in.Text())
	case "code":
		m.code = in.Text()
	case "message":
		m.words = in.Text()
	default:
		in.Skip()
	}
}

// user reads a member and tells of it, unless nobody is to be told.
func (m *message) user(in *scan.Scanner, tell func(user []byte)) {
	in.Object(func(key []byte) {
		if string(key) != "user" {
			in.Skip()
			return
		}
		if user := in.Text(); !m.skip {
			tell(user)
		}
	})
}

// begin checks the version of a roster or diff: diffs follow a roster without a gap.
func (m *message) begin() {
	s := m.session
	switch string(m.kind) {
	case "roster":
		if !s.partly {
			m.to.Roster(m.channel)
		} else if m.version != s.version {
			m.failed = fmt.Errorf("a roster of version %d goes on with version %d", s.version, m.version)
		}
		s.version, s.follows = m.version, true
	case "diff":
		if !s.follows {
			m.skip = true // sent before the leave was read, or the join
			return
		}
		if m.version != s.version+1 {
			m.failed = fmt.Errorf("a diff of version %d comes after version %d", m.version, s.version)
		}
		s.version = m.version
	}
}

// end tells what a message means as a whole.
func (m *message) end() error {
	s := m.session
	switch string(m.kind) {
	case "welcome":
		m.to.Welcome()
	case "ping":
		m.to.Answer(pong)
	case "roster":
		s.partly = m.more
		if !m.more {
			m.to.Entered(m.channel, m.partial)
			m.to.Count(m.channel, int(m.count))
		}
	case "diff":
		if m.counted && !m.skip {
			m.to.Count(m.channel, int(m.count))
		}
	case "error":
		return fmt.Errorf("the node refuses: %s (%s)", m.code, m.words)
	case "ended":
		return fmt.Errorf("the node ended the membership: %s", m.code)
	case "drain":
		return fmt.Errorf("the node is going away")
	}
	return m.failed
}
