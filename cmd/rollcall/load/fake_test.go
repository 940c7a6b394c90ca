package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// fake is a server that talks as a node does, and lies if a test has it lie.
type fake struct {
	url string

	// What to tell; nil: the truth. They are called with mu held.
	lists func(to string, members []string) []string // the roster of one who joins
	times func(to, kind, user string) (int, string)  // how often that somebody has come or gone, and of whom
	count func(n int) int                            // of a channel
	skips func(to string) int                        // versions, before a diff
	place func(to, channel string) string            // the channel that a diff is said to be of
	done  func()                                     // a leave was told of
	drops func(from *seat, kind string) bool         // whether to break the connection instead of an answer

	mu    sync.Mutex // guards the rest
	seats map[string]*seat
	rooms map[string][]string
}

// seat is one connection to a fake.
type seat struct {
	*websocket.Conn
	user    string
	version int
	ponged  chan struct{}
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{seats: map[string]*seat{}, rooms: map[string][]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		f.serve(r.Context(), &seat{Conn: c, version: 1, ponged: make(chan struct{}, 100)})
	}))
	t.Cleanup(server.Close)
	f.url = "ws" + strings.TrimPrefix(server.URL, "http")
	return f
}

// options are those of a load whose tokens are the users' names.
func (f *fake) options() Options {
	return Options{URLs: []string{f.url}, Run: "x", Patience: patience, Settle: 1,
		Dialect: Rollcall{Token: func(user string) (string, error) { return user, nil }}}
}

func (f *fake) serve(ctx context.Context, s *seat) {
	defer s.CloseNow()
	for {
		_, text, err := s.Read(ctx)
		if err != nil {
			return
		}
		var r struct {
			Type, Token, Channel string
			ID                   int
		}
		if json.Unmarshal(text, &r) != nil {
			return
		}
		f.mu.Lock()
		if f.drops != nil && f.drops(s, r.Type) {
			f.mu.Unlock()
			return
		}
		switch r.Type {
		case "hello":
			s.user = r.Token
			f.seats[s.user] = s
			s.say(`{"type":"welcome","id":1,"session":"s-%s"}`, s.user)
		case "join":
			f.join(s, r.Channel, r.ID)
		case "leave":
			s.say(`{"type":"ok","id":%d}`, r.ID)
			f.leave(s.user, r.Channel)
		case "pong":
			select {
			case s.ponged <- struct{}{}:
			default:
			}
		case "bye":
			f.mu.Unlock()
			_ = s.Close(websocket.StatusNormalClosure, "bye")
			return
		}
		f.mu.Unlock()
	}
}

func (s *seat) say(format string, args ...any) {
	_ = s.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, format, args...))
}

func (f *fake) join(s *seat, channel string, id int) {
	if !slices.Contains(f.rooms[channel], s.user) {
		f.rooms[channel] = append(f.rooms[channel], s.user)
		f.tell(channel, "join", s.user)
	}
	list := f.rooms[channel]
	if f.lists != nil {
		list = f.lists(s.user, slices.Clone(list))
	}
	s.say(`{"type":"roster","id":%d,"channel":"%s","version":%d,"count":%d,"members":[%s],"more":false}`,
		id, channel, s.version, f.counted(len(f.rooms[channel])), users(list))
}

func (f *fake) leave(user, channel string) {
	f.rooms[channel] = slices.DeleteFunc(f.rooms[channel], func(u string) bool { return u == user })
	f.tell(channel, "leave", user)
	if f.done != nil {
		f.done()
	}
}

// tell tells everybody else in a channel of a change.
func (f *fake) tell(channel, kind, user string) {
	for _, to := range f.rooms[channel] {
		if to == user {
			continue
		}
		n, whom, s := 1, user, f.seats[to]
		if f.times != nil {
			n, whom = f.times(to, kind, user)
		}
		named := channel
		if f.place != nil {
			named = f.place(to, channel)
		}
		for range n {
			if s.version++; f.skips != nil {
				s.version += f.skips(to)
			}
			s.say(`{"type":"diff","channel":"%s","version":%d,"%s":[%s],"count":%d}`, named, s.version, kind, users([]string{whom}), f.counted(len(f.rooms[channel])))
		}
	}
}

func (f *fake) counted(n int) int {
	if f.count != nil {
		return f.count(n)
	}
	return n
}

func users(names []string) string {
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf(`{"user":"%s","since":1760000000000}`, name))
	}
	return strings.Join(list, ",")
}

// flush returns once everybody has read what was said so far.
func (f *fake) flush(t *testing.T) {
	f.mu.Lock()
	var all []*seat
	for _, s := range f.seats {
		s.say(`{"type":"ping","time":1}`)
		all = append(all, s)
	}
	f.mu.Unlock()
	for _, s := range all {
		select {
		case <-s.ponged:
		case <-t.Context().Done():
		}
	}
}

// flushThird gives up what clients wait for before the second phase of a scenario, when they have
// read all there is: the third call of a meter.
func (f *fake) flushThird(t *testing.T) (giveUp <-chan struct{}, meter func(context.Context) (Usage, error)) {
	calls, over := 0, make(chan struct{})
	return over, func(context.Context) (Usage, error) {
		if calls++; calls == 3 {
			f.flush(t)
			close(over)
		}
		return Usage{}, nil
	}
}

// crowd returns clients that are all in one channel, until the test ends.
func (f *fake) crowd(t *testing.T, clients int) *crowd {
	t.Helper()
	c, err := newCrowd(f.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	c.addRooms(clients, clients)
	if err := c.come(t.Context(), true, nil); err != nil {
		t.Fatal(err)
	}
	return c
}
