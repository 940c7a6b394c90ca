package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
)

// peer is the node's end of a connection, played by a test.
type peer struct {
	*websocket.Conn
	t *testing.T
}

// fakeNode plays the first connection by the first of plays, and so on; whoever
// connects once more fails the test. It returns the address.
func fakeNode(t *testing.T, plays ...func(p peer)) string {
	var count atomic.Int32
	var playing sync.WaitGroup // the server does not wait for connections that it handed over
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		playing.Add(1)
		defer playing.Done()
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer conn.CloseNow()
		i := int(count.Add(1)) - 1
		if i >= len(plays) {
			t.Errorf("connected %d times, want %d", i+1, len(plays))
			return
		}
		plays[i](peer{conn, t})
	}))
	t.Cleanup(func() {
		server.Close()
		playing.Wait()
		if n := int(count.Load()); n != len(plays) {
			t.Errorf("connected %d times, want %d", n, len(plays))
		}
	})
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// expect reads a frame and demands that it is of that type.
func (p peer) expect(kind string) (m map[string]any) {
	_, data, err := p.Read(context.Background())
	if err != nil {
		p.t.Errorf("read %s: %v", kind, err)
		return map[string]any{}
	}
	if err := json.Unmarshal(data, &m); err != nil || m["type"] != kind {
		p.t.Errorf("got frame %s, want %s", data, kind)
	}
	return m
}

func (p peer) send(line string) {
	if err := p.Write(context.Background(), websocket.MessageText, []byte(line)); err != nil {
		p.t.Errorf("send %s: %v", line, err)
	}
}

// greet welcomes a client as a session.
func (p peer) greet(session string) (hello map[string]any) {
	hello = p.expect("hello")
	p.send(`{"type":"welcome","session":"` + session + `","user":"alice","node":"n1","time":1,"interval":10000,"timeout":13000}`)
	return hello
}

// bye waits for the end that Ctrl-C makes.
func (p peer) bye() {
	p.expect("bye")
	p.Close(1000, "")
}
