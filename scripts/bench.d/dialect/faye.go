package dialect

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/load/scan"
)

// Faye talks to peers/faye.js, by Bayeux: the URL ends in /faye. Its channels are below
// /presence/ and may have no dots, for which there are tildes.
type Faye struct{ Token Tokens }

// Header is empty: the token comes with each subscription.
func (Faye) Header(string) http.Header { return nil }

// Session makes the token of a user. Nothing is resumed.
func (d Faye) Session(user string, _ load.Session) (load.Session, error) {
	token, err := d.Token(user)
	return &faye{user: user, token: token}, err
}

type faye struct {
	present
	user  string
	token string
	id    string // by the server
	topic string
}

func (s *faye) Hello(b []byte) []byte {
	return append(b, `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}]`...)
}

func (s *faye) Join(b []byte, channel string) []byte {
	s.begin(channel)
	s.topic = "/presence/" + strings.ReplaceAll(channel, ".", "~")
	return fmt.Appendf(b, `[{"channel":"/meta/subscribe","clientId":"%s","subscription":"%s","ext":{"token":"%s"}}]`, s.id, s.topic, s.token)
}

func (s *faye) Leave(b []byte, _ string) []byte {
	s.users = nil
	return fmt.Appendf(b, `[{"channel":"/meta/unsubscribe","clientId":"%s","subscription":"%s"}]`, s.id, s.topic)
}

func (s *faye) Bye(b []byte) []byte {
	return fmt.Appendf(b, `[{"channel":"/meta/disconnect","clientId":"%s"}]`, s.id)
}

// Read reads messages, of which there may be several.
func (s *faye) Read(text []byte, to load.Told) error {
	in := scan.New(text)
	var failed error
	in.Array(func() {
		if err := s.message(&in, to); err != nil && failed == nil {
			failed = err
		}
	})
	if failed != nil {
		return failed
	}
	return in.Err()
}

// message reads one. What has names in it is kept until the channel is known, which need
// not come first.
func (s *faye) message(in *scan.Scanner, to load.Told) error {
	var channel, refused []byte
	var roster, came, left [][]byte
	in.Object(func(key []byte) {
		switch string(key) {
		case "channel":
			channel = in.Text()
		case "clientId":
			s.id = string(in.Text())
		case "error":
			refused = in.Text()
		case "ext":
			inside(in, "presence", func() { inside(in, "subscribe", func() { roster = keys(in, roster) }) })
		case "data":
			in.Object(func(key []byte) {
				switch string(key) {
				case "subscribe":
					came = keys(in, came)
				case "unsubscribe":
					left = keys(in, left)
				default:
					in.Skip()
				}
			})
		default:
			in.Skip()
		}
	})
	if len(refused) > 0 {
		return fmt.Errorf("the server refuses %s: %s", channel, refused)
	}
	switch string(channel) {
	case "/meta/handshake":
		s.connect(to)
		to.Welcome()
	case "/meta/connect":
		s.connect(to)
	case "/meta/subscribe":
		s.entered(roster, to)
	case s.topic:
		for _, user := range came {
			s.came(user, to)
		}
		for _, user := range left {
			s.left(user, to)
		}
	}
	return nil
}

// connect asks for messages, as a client does all the time.
func (s *faye) connect(to load.Told) {
	to.Answer(fmt.Appendf(nil, `[{"channel":"/meta/connect","clientId":"%s","connectionType":"websocket"}]`, s.id))
}

// entered takes the list that a subscription is answered with.
func (s *faye) entered(roster [][]byte, to load.Told) {
	if s.users == nil {
		return
	}
	for _, user := range append(roster, []byte(s.user)) { // beside those who came since it was made
		s.users[string(user)] = true
	}
	s.enter(to)
}

// inside reads one field of an object.
func inside(in *scan.Scanner, field string, read func()) {
	in.Object(func(key []byte) {
		if string(key) == field {
			read()
		} else {
			in.Skip()
		}
	})
}

// keys appends the names of an object's fields.
func keys(in *scan.Scanner, to [][]byte) [][]byte {
	in.Object(func(key []byte) {
		to = append(to, key)
		in.Skip()
	})
	return to
}
