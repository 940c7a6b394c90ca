package dialect

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/load/scan"
)

// SocketIO talks to peers/socketio.js, by version 4 of Engine.IO and 5 of Socket.IO:
// the URL ends in /socket.io/?EIO=4&transport=websocket.
type SocketIO struct{ Token Tokens }

// Header is empty: the token comes later.
func (SocketIO) Header(string) http.Header { return nil }

// Session makes the token of a user. Nothing is resumed.
func (d SocketIO) Session(user string, _ load.Session) (load.Session, error) {
	token, err := d.Token(user)
	return &socketIO{connect: fmt.Appendf(nil, `40{"token":"%s"}`, token)}, err
}

type socketIO struct {
	connect []byte // the first packet
	channel []byte
}

// Hello is nothing: the server begins.
func (s *socketIO) Hello(b []byte) []byte { return b }

func (s *socketIO) Join(b []byte, channel string) []byte {
	s.channel = []byte(channel)
	return fmt.Appendf(b, `420["join","%s"]`, channel)
}

func (s *socketIO) Leave(b []byte, channel string) []byte {
	s.channel = nil
	return fmt.Appendf(b, `42["leave","%s"]`, channel)
}

func (s *socketIO) Bye(b []byte) []byte { return append(b, "41"...) }

// Read reads a packet: its first digit is Engine.IO's kind, the second Socket.IO's.
func (s *socketIO) Read(text []byte, to load.Told) error {
	kind, rest := text, []byte(nil)
	if len(text) > 2 {
		kind, rest = text[:2], text[2:]
	}
	switch {
	case string(kind) == "2":
		to.Answer([]byte("3"))
	case string(kind) == "0{":
		to.Answer(s.connect)
		s.connect = nil // not to be kept by thousands
	case string(kind) == "40":
		to.Welcome()
	case string(kind) == "42":
		return s.event(rest, to)
	case string(kind) == "43":
		return s.answer(rest, to)
	case string(kind) == "44":
		return fmt.Errorf("the server refuses: %s", rest)
	default:
		return fmt.Errorf("unknown packet %.40q", text)
	}
	return nil
}

// event reads ["join", room, user] or ["leave", room, user].
func (s *socketIO) event(text []byte, to load.Told) error {
	in := scan.New(text)
	var words [3][]byte
	n := 0
	in.Array(func() {
		if word := in.Text(); n < len(words) {
			words[n] = word
		}
		n++
	})
	switch {
	case in.Err() != nil:
		return in.Err()
	case n != len(words):
		return errors.New("an event has other than three words")
	case string(words[0]) == "join":
		to.Joined(words[1], words[2])
	case string(words[0]) == "leave":
		to.Left(words[1], words[2])
	}
	return nil
}

// answer reads 0[[user, ...]], where 0 is the number of the join that it answers.
func (s *socketIO) answer(text []byte, to load.Told) error {
	in := scan.New(text)
	if in.Int() != 0 {
		return errors.New("an answer is to no join")
	}
	if s.channel == nil {
		return nil
	}
	to.Roster(s.channel)
	in.Array(func() { in.Array(func() { to.Member(in.Text()) }) })
	to.Entered(s.channel, false)
	return in.Err()
}
