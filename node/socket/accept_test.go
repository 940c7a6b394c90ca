package socket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// echo sends back what comes, and reports how the socket ended.
type echo struct {
	s      *Socket
	closed chan Cause
}

func (e *echo) Frame(data []byte) { e.s.Send(Frame(data)) }
func (e *echo) Control()          {}
func (e *echo) Drained()          {}
func (e *echo) Closed(c Cause)    { e.closed <- c }

// serve runs a real server whose sockets go to accepted, and returns its ws:// address.
func serve(t testing.TB, a *Acceptor, accepted func(*Socket)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, err := a.Accept(w, r); err == nil {
			accepted(s)
		}
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

func newAcceptor(t testing.TB, cfg Config) *Acceptor {
	t.Helper()
	a, err := NewAcceptor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func dial(t testing.TB, url string, o *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	return c
}

func TestRealClientGetsFramesOfEverySizeBack(t *testing.T) {
	closed := make(chan Cause, 1)
	a := newAcceptor(t, Config{MaxFrame: 1 << 20})
	c := dial(t, serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}) }), nil)
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		want := strings.Repeat("x", n)
		if err := c.Write(t.Context(), websocket.MessageText, []byte(want)); err != nil {
			t.Fatal(err)
		}
		kind, got, err := c.Read(t.Context())
		if kind != websocket.MessageText || string(got) != want || err != nil {
			t.Fatalf("%d bytes came back as %d, %v", n, len(got), err)
		}
	}
	c.CloseRead(t.Context())
	if err := c.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := c.Close(websocket.StatusNormalClosure, "done"); err != nil {
		t.Errorf("close: %v", err)
	}
	if got := <-closed; got.Local || got.Code != 1000 || got.Reason != "done" {
		t.Errorf("closed with %+v", got)
	}
	if n := a.Stats().Open.Load(); n != 0 {
		t.Errorf("%d sockets are open", n)
	}
}

func TestSubprotocolIsEchoedIfOffered(t *testing.T) {
	for offered, want := range map[string]string{"": "", "other": "", protocol.Subprotocol: protocol.Subprotocol} {
		closed := make(chan Cause, 1)
		url := serve(t, newAcceptor(t, Config{}), func(s *Socket) { s.Start(&echo{s, closed}) })
		o := &websocket.DialOptions{}
		if offered != "" {
			o.Subprotocols = []string{offered}
		}
		c := dial(t, url, o)
		if got := c.Subprotocol(); got != want {
			t.Errorf("offered %q, got %q, want %q", offered, got, want)
		}
		c.CloseNow()
		<-closed
	}
}

func TestRefusedClientSeesTheCode(t *testing.T) {
	a := newAcceptor(t, Config{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.Refuse(w, r, protocol.CloseForbidden, "origin"); err != nil {
			t.Errorf("Refuse: %v", err)
		}
	}))
	defer server.Close()
	c := dial(t, server.URL, nil)
	_, _, err := c.Read(t.Context())
	var got websocket.CloseError
	if !errors.As(err, &got) || got.Code != 4403 || got.Reason != "origin" {
		t.Errorf("client got %v", err)
	}
}

func TestRequestThatIsNoUpgradeGetsAnAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, err := newAcceptor(t, Config{}).Accept(w, r); err == nil || s != nil {
			t.Errorf("accepted %v", s)
		}
	}))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %d, want 426", resp.StatusCode)
	}
}

func TestFramesSentAlongWithTheRequestAreNotLost(t *testing.T) {
	closed := make(chan Cause, 1)
	url := serve(t, newAcceptor(t, Config{}), func(s *Socket) { s.Start(&echo{s, closed}) })
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first, second := strings.Repeat("a", 700), strings.Repeat("b", 10)
	request := "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	if _, err := conn.Write(append(append([]byte(request), masked(textFrame, first)...), masked(textFrame, second)...)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{first, second} {
		if _, got, err := readFrame(r); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	conn.Close()
	<-closed
}

func TestManySendersOneReaderEverythingInOrder(t *testing.T) {
	const senders, each = 8, 500
	closed, sockets := make(chan Cause, 1), make(chan *Socket, 1)
	a := newAcceptor(t, Config{MaxQueue: 1 << 30})
	c := dial(t, serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}); sockets <- s }), nil)
	s := <-sockets
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			for i := range each {
				f := Frame(fmt.Appendf(nil, "%d %d %s", sender, i, strings.Repeat("x", i*20)))
				if sender%2 == 0 {
					s.Send(f)
				} else {
					s.Reply(f)
				}
			}
		})
	}
	go func() { wg.Wait(); s.Close(protocol.CloseGoingAway, "") }()
	var next [senders]int
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			if websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Errorf("ended with %v", err)
			}
			break
		}
		var sender, i int
		if _, err := fmt.Sscanf(string(data), "%d %d", &sender, &i); err != nil || next[sender] != i {
			t.Fatalf("frame %.20q, %v; want number %d", data, err, next[sender])
		}
		next[sender]++
	}
	for sender, n := range next {
		if n != each {
			t.Errorf("sender %d: %d frames came, want %d", sender, n, each)
		}
	}
	if got := <-closed; !got.Local {
		t.Errorf("closed with %+v", got)
	}
	if n := a.Stats().Queued.Load(); n != 0 {
		t.Errorf("%d bytes are said to wait", n)
	}
}

func TestCloseRacesWithSendAndWithTheClient(t *testing.T) {
	closed, sockets := make(chan Cause, 1), make(chan *Socket, 1)
	a := newAcceptor(t, Config{})
	url := serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}); sockets <- s })
	for range 100 {
		c := dial(t, url, nil)
		s := <-sockets
		var wg sync.WaitGroup
		wg.Go(func() { s.Close(protocol.CloseNormal, "") })
		wg.Go(func() { s.Send(Frame([]byte("x"))); s.Reply(Frame([]byte("y"))) })
		wg.Go(func() { c.CloseNow() })
		wg.Wait()
		<-closed
	}
	if st := a.Stats(); st.Open.Load() != 0 || st.Queued.Load() != 0 {
		t.Errorf("%d sockets open, %d bytes wait", st.Open.Load(), st.Queued.Load())
	}
}

func TestConfigThatCannotWorkIsRefused(t *testing.T) {
	for _, cfg := range []Config{{MaxFrame: -1}, {MaxQueue: -1}, {Reserve: -1}, {WriteTimeout: -1}, {CloseTimeout: -1}} {
		if _, err := NewAcceptor(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

// FuzzClient: no bytes of a client's make a socket panic or stay.
func FuzzClient(f *testing.F) {
	f.Add([]byte{})
	f.Add(masked(textFrame, "hello"))
	f.Add(append(masked(textFrame&^final, "a"), masked(final, "b")...))
	f.Add(append(masked(0x89, "ping"), masked(closing, code(1000, "x"))...))
	f.Add(masked(closing, "\x03"))
	f.Add(masked(closing, code(1005, "")))
	f.Add(masked(final|0x2, "binary"))
	f.Add(masked(textFrame|0x70, "reserved"))
	f.Add([]byte{textFrame, 5, 'p', 'l', 'a', 'i', 'n'})
	f.Add([]byte{textFrame, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, input []byte) {
		near, far := net.Pipe()
		s, err := newAcceptor(t, Config{MaxFrame: 100}).Accept(upgradable{httptest.NewRecorder(), near}, upgrade())
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan Cause, 1)
		s.Start(&echo{s, closed})
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, far)
		}()
		_, _ = far.Write(input)
		far.Close()
		<-closed
		<-read
		if n := s.a.stats.Queued.Load(); n != 0 {
			t.Fatalf("%d bytes are said to wait", n)
		}
	})
}
