package dialect

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/load/scan"
)

// SocketCluster talks to peers/socketcluster.js as sc-stateless-presence's client.js does:
// whoever hears of a join answers to who came, on a channel of that socket's own, and that is
// how one learns who is there. The URL ends in /socketcluster/.
//
// That client also takes whoever was in no ping for the timeout for gone. There is no timer
// here, so that a silent death is not to be measured.
type SocketCluster struct{ Token Tokens }

// Header is empty: the token comes with the first message.
func (SocketCluster) Header(string) http.Header { return nil }

// Session makes the token of a user. Nothing is resumed.
func (d SocketCluster) Session(user string, _ load.Session) (load.Session, error) {
	token, err := d.Token(user)
	return &socketCluster{user: user, token: token}, err
}

type socketCluster struct {
	present
	user  string
	token string // "" once it was sent
	topic string // presence>CHANNEL
	own   string // the channel of this socket
}

// The numbers of requests.
const (
	scHandshake = iota + 1
	scOwn
	scPresence
	scChannel
)

func (s *socketCluster) Hello(b []byte) []byte {
	token := s.token
	s.token = "" // not to be kept by thousands
	return fmt.Appendf(b, `{"event":"#handshake","data":{"authToken":"%s"},"cid":%d}`, token, scHandshake)
}

// Join subscribes to the presence of a channel, and then to the channel.
func (s *socketCluster) Join(b []byte, channel string) []byte {
	s.begin(channel)
	s.topic = "presence>" + channel
	return fmt.Appendf(b, `[{"event":"#subscribe","data":{"channel":"%s"},"cid":%d},{"event":"#subscribe","data":{"channel":"%s"},"cid":%d}]`,
		s.topic, scPresence, channel, scChannel)
}

// Leave ends both in the other order, so that others are told.
func (s *socketCluster) Leave(b []byte, channel string) []byte {
	s.users = nil
	return fmt.Appendf(b, `[{"event":"#unsubscribe","data":"%s"},{"event":"#unsubscribe","data":"%s"}]`, channel, s.topic)
}

func (s *socketCluster) Bye(b []byte) []byte {
	return append(b, `{"event":"#disconnect","data":{"code":1000}}`...)
}

func (s *socketCluster) Read(text []byte, to load.Told) error {
	if string(text) == "#1" {
		to.Answer([]byte("#2"))
		return nil
	}
	in := scan.New(text)
	if in.Peek() != '[' {
		return s.message(&in, to)
	}
	var failed error
	in.Array(func() {
		if err := s.message(&in, to); err != nil && failed == nil {
			failed = err
		}
	})
	return failed
}

// packet is what the plugin publishes.
type packet struct {
	kind, user, socket []byte
	users              [][]byte
	timeout            int64
}

// message reads an answer or an event.
func (s *socketCluster) message(in *scan.Scanner, to load.Told) error {
	var event, channel, id, why []byte
	var p packet
	var answers int64
	refused := false
	in.Object(func(key []byte) {
		switch string(key) {
		case "event":
			event = in.Text()
		case "rid":
			answers = in.Int()
		case "error":
			refused = true
			why = reason(in)
		case "data":
			if in.Peek() != '{' {
				in.Skip()
				return
			}
			in.Object(func(key []byte) {
				switch string(key) {
				case "id":
					id = in.Text()
				case "channel":
					channel = in.Text()
				case "data":
					p.read(in)
				default:
					in.Skip()
				}
			})
		default:
			in.Skip()
		}
	})
	switch {
	case in.Err() != nil:
		return in.Err()
	case refused:
		return fmt.Errorf("the server refuses request %d: %s", answers, why)
	case string(event) == "#publish":
		s.published(channel, p, to)
	case event == nil:
		s.answered(answers, id, to)
	}
	return nil
}

// reason reads the error of an answer.
func reason(in *scan.Scanner) (why []byte) {
	if in.Peek() != '{' {
		in.Skip()
		return []byte("it does not say why")
	}
	inside(in, "message", func() { why = in.Text() })
	return why
}

func (p *packet) read(in *scan.Scanner) {
	if in.Peek() != '{' {
		in.Skip()
		return
	}
	in.Object(func(key []byte) {
		switch string(key) {
		case "type":
			p.kind = in.Text()
		case "username":
			p.user = in.Text()
		case "socketId":
			p.socket = in.Text()
		case "timeout":
			p.timeout = in.Int()
		case "users":
			in.Array(func() { p.users = append(p.users, in.Text()) })
		default:
			in.Skip()
		}
	})
}

// answered goes on with what has to follow.
func (s *socketCluster) answered(request int64, id []byte, to load.Told) {
	switch request {
	case scHandshake:
		s.own = "presence>socket/" + string(id)
		to.Answer(fmt.Appendf(nil, `{"event":"#subscribe","data":{"channel":"%s"},"cid":%d}`, s.own, scOwn))
	case scOwn:
		to.Welcome()
	case scChannel:
		if s.users == nil {
			return
		}
		s.users[s.user] = true // nobody tells at once who is there: they answer one by one
		s.enter(to)
	}
}

// published takes what was said on a channel.
func (s *socketCluster) published(channel []byte, p packet, to load.Told) {
	if s.users == nil || !strings.HasPrefix(string(channel), "presence>") {
		return
	}
	switch string(p.kind) {
	case "pong":
		s.came(p.user, to)
	case "ping":
		for _, user := range p.users {
			s.came(user, to)
		}
	case "leave":
		s.left(p.user, to)
	case "join":
		if p.user != nil {
			s.came(p.user, to)
		}
		to.Answer(fmt.Appendf(nil, `{"event":"#publish","data":{"channel":"presence>socket/%s","data":{"type":"pong","channel":"%s","username":"%s","timeout":%d}}}`,
			p.socket, s.channel, s.user, p.timeout))
	}
}
