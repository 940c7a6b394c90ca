package socket

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience ends a test that hangs.
const patience = 30 * time.Second

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// ours returns how many goroutines are in a method of a Socket.
func ours() int {
	buf := make([]byte, 1<<20)
	return bytes.Count(buf[:runtime.Stack(buf, true)], []byte("socket.(*Socket)."))
}

func TestIdleSocketHasNoGoroutine(t *testing.T) {
	const n = 20
	closed, sockets := make(chan Cause, n), make(chan *Socket, n)
	a := newAcceptor(t, Config{})
	url := serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}); sockets <- s })
	var clients []*websocket.Conn
	for range n {
		clients = append(clients, dial(t, url, nil))
	}
	for round := range 3 {
		await(t, "idle sockets without goroutine", func() bool { return ours() == 0 })
		for _, c := range clients {
			exchange(t, c, strings.Repeat("x", 1+round*readSize))
		}
	}
	for _, c := range clients[:n/2] {
		c.CloseNow()
	}
	for range n / 2 {
		(<-sockets).Cut() // the client of some of these is gone already
	}
	for range n / 2 {
		(<-sockets).Cut()
	}
	for range n {
		<-closed
	}
	if open := a.Stats().Open.Load(); open != 0 || a.poller.users != 0 || a.poller.file != nil {
		t.Errorf("in the end %d sockets are open, and %d may park", open, a.poller.users)
	}
}

// exchange has something echoed.
func exchange(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(ctx); string(got) != text || err != nil {
		t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(text))
	}
}

func TestSocketThatWasCutWhileIdleEnds(t *testing.T) {
	closed, sockets := make(chan Cause, 1), make(chan *Socket, 1)
	a := newAcceptor(t, Config{})
	url := serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}); sockets <- s })
	other := dial(t, url, nil) // keeps the poller
	first := <-sockets
	for range 50 { // the same file descriptor comes again and again
		c := dial(t, url, nil)
		exchange(t, c, "hello")
		s := <-sockets
		go s.Cut()
		if cause := <-closed; cause.Local || cause.Code != 0 {
			t.Fatalf("ended with %+v, want a broken connection", cause)
		}
		c.CloseNow()
	}
	exchange(t, other, "still here")
	other.CloseNow()
	<-closed
	_ = first
}

func TestEventOfAFormerParkingIsNotTaken(t *testing.T) {
	closed, sockets := make(chan Cause, 1), make(chan *Socket, 1)
	a := newAcceptor(t, Config{})
	c := dial(t, serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}); sockets <- s }), nil)
	s := <-sockets
	exchange(t, c, "once")
	await(t, "it is idle", func() bool { return ours() == 0 })
	a.poller.mu.Lock()
	turn := a.poller.places[s.place].turn
	a.poller.mu.Unlock()
	a.poller.ready(eventsOf(s.place, turn-1))
	a.poller.ready(eventsOf(1<<20, turn))
	if n := ours(); n != 0 {
		t.Errorf("%d goroutines read because of events of before", n)
	}
	a.poller.ready(eventsOf(s.place, turn)) // though there is nothing to read: harmless
	a.poller.ready(eventsOf(s.place, turn))
	await(t, "one reads", func() bool { return ours() > 0 })
	exchange(t, c, "twice")
	await(t, "it is idle again", func() bool { return ours() == 0 })
	c.CloseNow()
	<-closed
}

func TestHalfAMessageIsAwaited(t *testing.T) {
	closed := make(chan Cause, 1)
	a := newAcceptor(t, Config{})
	c := dial(t, serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}) }), nil)
	w, err := c.Writer(t.Context(), websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := w.Write(bytes.Repeat([]byte("x"), 5000)); err != nil { // sends a fragment
			t.Fatal(err)
		}
		await(t, "it is being read", func() bool { return ours() > 0 })
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(t.Context()); len(got) != 15000 || err != nil {
		t.Errorf("got %d bytes, %v; want 15000", len(got), err)
	}
	await(t, "it is idle again", func() bool { return ours() == 0 })
	c.CloseNow()
	<-closed
}

// TestConnectionThatEndsInAMessageEndsNoOther: who reads it next may be lent the same reader.
func TestConnectionThatEndsInAMessageEndsNoOther(t *testing.T) {
	for _, part := range [][]byte{masked(textFrame, "hello")[:6], masked(textFrame&^final, "hello"), masked(final|2, "binary")[:6]} {
		closed := make(chan Cause, 2)
		a := newAcceptor(t, Config{})
		url := serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}) })
		other := dial(t, url, nil)
		exchange(t, other, "hello")
		var conn net.Conn
		c := dial(t, url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (_ net.Conn, err error) {
				conn, err = new(net.Dialer).DialContext(ctx, network, address)
				return conn, err
			}}}})
		if _, err := conn.Write(part); err != nil {
			t.Fatal(err)
		}
		c.CloseNow()
		<-closed
		exchange(t, other, "still here")
		other.CloseNow()
		<-closed
	}
}

// TestWhatTheNetworkDoesNotTakeAtOnceIsWrittenLater fills a client's buffers, so that writes
// that do not wait stop in the middle of frames.
func TestWhatTheNetworkDoesNotTakeAtOnceIsWrittenLater(t *testing.T) {
	closed, sockets := make(chan Cause, 1), make(chan *Socket, 1)
	a := newAcceptor(t, Config{MaxQueue: 1 << 30})
	c := dial(t, serve(t, a, func(s *Socket) { s.Start(&echo{s, closed}); sockets <- s }), nil)
	s := <-sockets
	const rounds, frames = 3, 400
	for range rounds {
		for i := range frames {
			text := bytes.Repeat([]byte{'a' + byte(i%26)}, 100+i*150)
			if i%2 == 0 {
				s.Send(Frame(text))
			} else {
				s.Send(FrameOf(text[:50], text[50:])...)
			}
		}
		await(t, "a goroutine waits for the network", func() bool { return ours() > 0 && s.Waiting() > 0 })
		for i := range frames {
			_, got, err := c.Read(t.Context())
			if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{'a' + byte(i%26)}, 100+i*150)) {
				t.Fatalf("frame %d has %d bytes, %v", i, len(got), err)
			}
		}
		await(t, "all is written", func() bool { return s.Waiting() == 0 && ours() == 0 })
	}
	if n := a.stats.BytesOut.Load(); n < rounds*frames*100 {
		t.Errorf("%d bytes are said to be written", n)
	}
	s.Send(Frame([]byte("last")))
	s.Close(1001, "done")
	_, got, err := c.Read(t.Context())
	if string(got) != "last" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != 1001 {
		t.Errorf("ended with %v", err)
	}
	<-closed
}

func eventsOf(fd int, turn int32) []syscall.EpollEvent {
	return []syscall.EpollEvent{{Events: syscall.EPOLLIN, Fd: int32(fd), Pad: turn}}
}

func TestPollerThatNobodyPollsIsNone(t *testing.T) {
	file, err := os.Open(os.Args[0]) // no file that can be polled
	if err != nil {
		t.Fatal(err)
	}
	var p poller
	if err := p.watch(file); err == nil || p.file != nil {
		t.Error("sockets are left to what hears of nothing")
	}
}

func TestSocketThatIsRefusedToParkMayTryAgain(t *testing.T) {
	file, err := os.Open(os.Args[0]) // no epoll takes it
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var p poller
	if err := p.join(); err != nil {
		t.Fatal(err)
	}
	defer p.leave()
	s := &Socket{place: -1}
	if err := p.arm(int(file.Fd()), s); err == nil || s.place != -1 || p.places[file.Fd()].parked != nil {
		t.Errorf("%v, and it counts as parked at %d", err, s.place)
	}
}

func TestSocketThatCannotParkIsReadByAGoroutine(t *testing.T) {
	for name, refuse := range map[string]func(*Socket){
		"no epoll":      func(s *Socket) { s.parks = false; s.a.poller.leave() },
		"no room in it": func(s *Socket) { s.place = 0 }, // as if it were in there, which it is not
	} {
		closed, sockets := make(chan Cause, 1), make(chan *Socket, 1)
		a := newAcceptor(t, Config{})
		c := dial(t, serve(t, a, func(s *Socket) { refuse(s); s.Start(&echo{s, closed}); sockets <- s }), nil)
		for range 3 {
			exchange(t, c, "hello")
		}
		s := <-sockets
		s.Cut()
		<-closed
		c.CloseNow()
		if a.Stats().Open.Load() != 0 || a.poller.users != 0 {
			t.Errorf("%s: a socket is left", name)
		}
	}
}

// TestReaderThatTheLibraryMayCloseIsNotLentAgain: the library closes a connection whose control frame takes
// too long, with a timer. One that fires in the very moment that the frame is there may be heard of later.
func TestReaderThatTheLibraryMayCloseIsNotLentAgain(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name     string
		frame    context.Context
		parkings int32
	}{
		{"in time", t.Context(), 2},
		{"at the last moment", over, 1},
	} {
		a := newAcceptor(t, Config{})
		if err := a.poller.join(); err != nil { // keeps the places
			t.Fatal(err)
		}
		closed, sockets := make(chan Cause, 1), make(chan *Socket, 1)
		c := dial(t, serve(t, a, func(s *Socket) { s.Start(&late{echo{s, closed}, tt.frame}); sockets <- s }), nil)
		s := <-sockets
		exchange(t, c, "hello")
		c.CloseNow()
		<-closed
		if turn := a.poller.places[s.place].turn; turn != tt.parkings {
			t.Errorf("control frame %s: the socket was parked %d times, want %d", tt.name, turn, tt.parkings)
		}
		a.poller.leave()
	}
}

// late is an echo before each of whose messages a control frame came.
type late struct {
	echo
	frame context.Context
}

func (l *late) Frame(data []byte) {
	l.s.reader.control(l.frame)
	l.echo.Frame(data)
}
