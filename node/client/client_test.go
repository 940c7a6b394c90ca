package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// peer is the node's end of a connection, played by a test.
type peer struct {
	*websocket.Conn
	t *testing.T
}

// fakeNode serves every connection with play and returns the address.
func fakeNode(t *testing.T, play func(p peer)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"rollcall.v1"}})
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer conn.CloseNow()
		play(peer{conn, t})
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// expect reads a frame and demands that it is of that type.
func (p peer) expect(kind string) (m map[string]any) {
	_, data, err := p.Read(p.t.Context())
	if err != nil {
		p.t.Errorf("read %s: %v", kind, err)
		return nil
	}
	if err := json.Unmarshal(data, &m); err != nil || m["type"] != kind {
		p.t.Errorf("got frame %s, want %s", data, kind)
	}
	return m
}

func (p peer) send(lines ...string) {
	if err := p.Write(p.t.Context(), websocket.MessageText, []byte(strings.Join(lines, "\n"))); err != nil {
		p.t.Logf("send: %v", err)
	}
}

const welcome = `{"type":"welcome","session":"s1","user":"alice","node":"n1","time":5,"interval":10000,"timeout":13000,"expires":null,"status":"online"}`

func dial(t *testing.T, url string, handle func(*Message)) *Client {
	t.Helper()
	c, err := Dial(t.Context(), url, Hello{Token: "secret", Resume: "s0"}, handle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Break)
	return c
}

func TestWelcomeIsAwaitedThroughPings(t *testing.T) {
	url := fakeNode(t, func(p peer) {
		if hello := p.expect("hello"); hello["token"] != "secret" || hello["resume"] != "s0" {
			t.Errorf("hello is %v", hello)
		}
		for range 3 { // a node that does not know the cluster yet
			p.send(`{"type":"ping","time":1}`)
			p.expect("pong")
		}
		p.send(welcome)
		p.Read(t.Context())
	})
	w := dial(t, url, nil).Welcome()
	if w.Session != "s1" || w.Name != "alice" || w.Timeout != 13000 || w.Expires != 0 {
		t.Errorf("welcome is %+v", w)
	}
}

func TestMessagesComeInOrderBeforeTheAnswerIsReturned(t *testing.T) {
	url := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		if join := p.expect("join"); join["channel"] != "room" || join["id"] != 1.0 {
			t.Errorf("join is %v", join)
		}
		p.send(`{"type":"roster","id":1,"channel":"room","version":7,"count":2,"members":[{"user":"alice","since":1}],"more":true}`,
			`{"type":"ping","time":1}`)
		p.expect("pong")
		p.send(`{"type":"roster","channel":"room","version":7,"count":2,"members":[{"user":"bob","since":1}],"more":false}`)
		p.Read(t.Context())
	})
	var types []string // the handler and this goroutine are ordered by the answer
	c := dial(t, url, func(m *Message) { types = append(types, m.Type) })
	m, err := c.Join(t.Context(), "room", nil)
	if err != nil || m.More || m.Members[0].User != "bob" {
		t.Fatalf("join returned %+v, %v; want the last part of the roster", m, err)
	}
	if want := []string{"welcome", "roster", "ping", "roster"}; !slices.Equal(types, want) {
		t.Errorf("handler saw %v, want %v", types, want)
	}
}

func TestFollowedUsersAreToldAsTheyAreAndAsTheyChange(t *testing.T) {
	url := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		if m := p.expect("follow"); m["id"] != 1.0 || fmt.Sprint(m["users"]) != "[bob carol]" {
			t.Errorf("follow is %v", m)
		}
		p.send(`{"type":"users","id":1,"users":[{"user":"bob","status":"busy","since":3,"text":"x"},{"user":"carol","status":"offline","lastSeen":4}]}`)
		if m := p.expect("unfollow"); m["id"] != 2.0 || fmt.Sprint(m["users"]) != "[bob]" {
			t.Errorf("unfollow is %v", m)
		}
		p.send(`{"type":"user","user":{"user":"carol","status":"away","since":5,"lastActivity":6}}`,
			`{"type":"unfollowed","names":["carol"],"code":"forbidden"}`, `{"type":"ok","id":2}`)
		p.Read(t.Context())
	})
	var heard []*Message // the handler and this goroutine are ordered by the answer
	c := dial(t, url, func(m *Message) { heard = append(heard, m) })
	m, err := c.Follow(t.Context(), "bob", "carol")
	want := []UserStatus{{User: "bob", Status: "busy", Since: 3, Text: "x"}, {User: "carol", Status: "offline", LastSeen: 4}}
	if err != nil || !slices.Equal(m.Users, want) {
		t.Fatalf("follow returned %+v, %v; want %+v", m, err, want)
	}
	if _, err := c.Unfollow(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	user, unfollowed := heard[2], heard[3]
	if (*user.User != UserStatus{User: "carol", Status: "away", Since: 5, LastActivity: 6}) {
		t.Errorf("user is %+v", user.User)
	}
	if !slices.Equal(unfollowed.Names, []string{"carol"}) || unfollowed.Code != "forbidden" {
		t.Errorf("unfollowed is %+v", unfollowed)
	}
}

func TestConcurrentRequestsGetTheirOwnAnswers(t *testing.T) {
	url := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		for range 20 {
			m := p.expect("leave")
			answer, _ := json.Marshal(map[string]any{"type": "error", "id": m["id"], "code": "forbidden", "message": m["channel"]})
			p.send(string(answer))
		}
		p.Read(t.Context())
	})
	c := dial(t, url, nil)
	var all sync.WaitGroup
	for i := range 20 {
		channel := strings.Repeat("x", i+1)
		all.Go(func() {
			_, err := c.Leave(t.Context(), channel)
			if refused := new(AnswerError); !errors.As(err, &refused) || refused.Text != channel || refused.Code != "forbidden" {
				t.Errorf("leave %s: %v", channel, err)
			}
		})
	}
	all.Wait()
}

func TestRefusalCarriesTheCloseCode(t *testing.T) {
	for name, lines := range map[string][]string{
		"closed at once":        nil,
		"told, and then closed": {`{"type":"error","code":"expired","message":"token expired"}`},
	} {
		url := fakeNode(t, func(p peer) {
			p.expect("hello")
			if lines != nil {
				p.send(lines...)
			}
			p.Close(4401, "token expired")
		})
		_, err := Dial(t.Context(), url, Hello{Token: "sesame"}, nil)
		if CloseCode(err) != 4401 || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v, want code 4401 and no token", name, err)
		}
	}
}

func TestCloseSaysByeAndBreakDoesNot(t *testing.T) {
	ends := make(chan error, 2)
	url := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		_, data, err := p.Read(t.Context())
		if string(data) == `{"type":"bye"}` {
			err = p.Close(1000, "")
		}
		ends <- err
	})
	if err := dial(t, url, nil).Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-ends; err != nil {
		t.Errorf("close did not say bye: %v", err)
	}
	c := dial(t, url, nil)
	c.Break()
	if err := <-ends; err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("after Break the node read %v, want a broken connection", err)
	}
	if _, err := c.Sync(t.Context(), "room"); err == nil {
		t.Error("a request on a broken connection succeeds")
	}
}

func TestARequestEndsWithTheConnection(t *testing.T) {
	url := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		p.expect("sync")
		p.Close(1001, "node stopped")
	})
	c := dial(t, url, nil)
	_, err := c.Sync(t.Context(), "room")
	if !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "1001 node stopped") || CloseCode(err) != 1001 || CloseCode(c.Err()) != 1001 {
		t.Errorf("sync: %v, and Err %v; want the close code 1001 in both", err, c.Err())
	}
}

func TestNonsenseEndsTheConnection(t *testing.T) {
	for _, nonsense := range []string{`{`, `[]`, `{}`, `{"type":"user","user":5}`, `{"type":"welcome","user":{}}`} {
		url := fakeNode(t, func(p peer) {
			p.expect("hello")
			p.send(welcome, nonsense)
			p.Read(t.Context())
		})
		c := dial(t, url, nil)
		<-c.Done()
		if c.Err() == nil {
			t.Errorf("%s: no error", nonsense)
		}
	}
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	url := fakeNode(t, func(p peer) { p.expect("hello"); p.Read(t.Context()) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, url, Hello{}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("dial: %v, want deadline exceeded", err)
	}
}

func TestARestingClientHoldsOneGoroutine(t *testing.T) {
	const n = 50
	url := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		p.Read(context.Background())
	})
	for range n {
		dial(t, url, nil)
	}
	stacks := make([]byte, 1<<22)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if got := bytes.Count(stacks, []byte("client.(*Client).read(")); got != n {
		t.Errorf("%d clients read in %d goroutines", n, got)
	}
	if left := bytes.Count(stacks, []byte("net/http.(*persistConn)")); left > n/5 {
		t.Errorf("%d goroutines of the HTTP client are left over", left) // the last upgrades may still wind up
	}
}

func TestARequestGivenUpLeavesTheConnection(t *testing.T) {
	cancels := make(chan context.CancelFunc, 1)
	url := fakeNode(t, func(p peer) {
		p.expect("hello")
		p.send(welcome)
		for range 20 {
			p.expect("sync")
			(<-cancels)() // perhaps while the client is still writing
			p.send(`{"type":"time","time":1}`)
		}
		p.expect("bye")
		p.Close(1000, "")
	})
	c := dial(t, url, nil)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		cancels <- cancel
		if _, err := c.Sync(ctx, "room"); !errors.Is(err, context.Canceled) {
			t.Fatalf("sync: %v, want canceled", err)
		}
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
