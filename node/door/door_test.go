package door

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// pipes is a listener of connections in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error { close(p); return nil }
func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// house is a door with its listener, and the far ends of the connections.
type house struct {
	*testing.T
	d    *Door
	l    net.Listener
	from pipes
}

func open(t *testing.T, strangers, room int) *house {
	h := &house{T: t, d: New(strangers, room), from: make(pipes, 100)}
	h.l = h.d.Listen(h.from)
	return h
}

// come opens a connection; the far end is the client's.
func (h *house) come() (near, far net.Conn) {
	h.Helper()
	a, b := net.Pipe()
	h.from <- a
	near, err := h.l.Accept()
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { near.Close(); b.Close() })
	return near, b
}

// wantClosed demands that exactly these of the connections are closed.
func (h *house) wantClosed(all []net.Conn, want ...int) {
	h.Helper()
	var closed []int
	for i, near := range all {
		if errors.Is(near.SetDeadline(time.Time{}), io.ErrClosedPipe) {
			closed = append(closed, i)
		}
	}
	if !slices.Equal(closed, want) {
		h.Errorf("%v are closed, want %v", closed, want)
	}
}

func (h *house) want(connections, strangers int, crowded, full uint64) {
	h.Helper()
	s := h.d.Stats()
	if got := (Stats{s.Connections, s.Strangers, 0, s.Crowded, s.Full}); got != (Stats{connections, strangers, 0, crowded, full}) {
		h.Errorf("got %+v, want %d connections, %d strangers, %d crowded, %d without room", got, connections, strangers, crowded, full)
	}
}

func guest(conn net.Conn) *Guest { return From(With(context.Background(), conn)) }

func TestStrangerWhoWaitedLongestIsTurnedAway(t *testing.T) {
	h := open(t, 3, 100)
	var all []net.Conn
	for range 3 {
		near, _ := h.come()
		all = append(all, near)
	}
	h.wantClosed(all)
	h.want(3, 3, 0, 0)
	guest(all[0]).Vouch()
	guest(all[0]).Vouch() // again: harmless
	near, _ := h.come()
	all = append(all, near)
	h.wantClosed(all)
	for range 2 {
		near, _ = h.come()
		all = append(all, near)
	}
	h.wantClosed(all, 1, 2)
	h.want(4, 3, 2, 0)
}

func TestThereIsRoomForSoManyConnections(t *testing.T) {
	h := open(t, 2, 3)
	var all []net.Conn
	for range 3 {
		near, _ := h.come()
		guest(near).Vouch()
		all = append(all, near)
	}
	late, lateFar := net.Pipe()
	h.from <- late
	all[0].Close()
	all[0].Close() // again: harmless
	// late was not asked yet, and has room now.
	near, err := h.l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer lateFar.Close()
	all = append(all, near)
	h.want(3, 1, 0, 0)

	_, refused := net.Pipe()
	near, _ = h.come() // the stranger before makes room
	h.wantClosed([]net.Conn{all[3], near}, 0)
	guest(near).Vouch()
	a, b := net.Pipe()
	h.from <- a
	h.from.Close()
	if _, err := h.l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a connection without room came in: %v", err)
	}
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a connection without room is not closed: %v", err)
	}
	h.want(3, 0, 1, 1)
	refused.Close()
}

func TestOneWhoHasGoneIsNoStranger(t *testing.T) {
	h := open(t, 2, 100)
	first, _ := h.come()
	second, _ := h.come()
	first.Close()
	third, _ := h.come()
	h.wantClosed([]net.Conn{second, third})
	h.want(2, 2, 0, 0)
	g := h.d.Enter(func() { t.Error("the last one was turned away") })
	h.wantClosed([]net.Conn{second, third}, 0)
	g.Vouch()
	h.want(1, 1, 1, 0)
}

func TestGuestIsFoundBehindTLS(t *testing.T) {
	h := open(t, 2, 100)
	near, _ := h.come()
	if g := guest(tls.Server(near, &tls.Config{})); g == nil || g != guest(near) {
		t.Error("the guest of a TLS connection is not that of what is below")
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if guest(a) != nil {
		t.Error("a connection that came through no door is a guest")
	}
}

func TestManyAtOnceAreCountedExactly(t *testing.T) {
	d := New(10, 1000)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				a, b := net.Pipe()
				if c := d.admit(a); c != nil {
					if i%2 == 0 {
						c.Vouch()
					}
					c.Close()
				}
				b.Close()
			}
		})
	}
	wg.Wait()
	if s := d.Stats(); s.Connections != 0 || s.Strangers != 0 || s.Accepted != 1600 {
		t.Errorf("%+v are left", s)
	}
}
