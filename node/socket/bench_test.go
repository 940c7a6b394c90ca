package socket

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// null is a connection that takes everything and says nothing.
type null struct {
	net.Conn
	closed chan struct{}
	once   *sync.Once
}

func (n null) Write(p []byte) (int, error)      { return len(p), nil }
func (n null) Read([]byte) (int, error)         { <-n.closed; return 0, io.EOF }
func (n null) Close() error                     { n.once.Do(func() { close(n.closed) }); return nil }
func (n null) SetWriteDeadline(time.Time) error { return nil }

// open makes n started sockets, over null connections or over loopback, where
// what they send is read and thrown away.
func open(b *testing.B, a *Acceptor, n int, loopback bool) []*Socket {
	b.Helper()
	var sockets []*Socket
	closed := make(chan Cause, n)
	start := func(conn net.Conn) {
		s, err := a.Accept(upgradable{httptest.NewRecorder(), conn}, upgrade())
		if err != nil {
			b.Fatal(err)
		}
		s.Start(&echo{s, closed})
		sockets = append(sockets, s)
	}
	var far []net.Conn
	if loopback {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		for range n {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			far = append(far, c)
			go func() { _, _ = io.CopyBuffer(io.Discard, struct{ io.Reader }{c}, make([]byte, 512)) }()
			near, err := l.Accept()
			if err != nil {
				b.Fatal(err)
			}
			start(near)
		}
	} else {
		for range n {
			start(null{closed: make(chan struct{}), once: new(sync.Once)})
		}
	}
	b.Cleanup(func() {
		for _, s := range sockets {
			s.Cut()
			<-closed
		}
		for _, c := range far {
			c.Close()
		}
	})
	return sockets
}

// BenchmarkSend sends one message of 100 bytes to 1,000 sockets and waits until
// all of it is written. ns/msg is per socket.
func BenchmarkSend(b *testing.B) {
	for _, bb := range []struct {
		name     string
		loopback bool
		frames   int
	}{{"null", false, 1}, {"loopback", true, 1}, {"loopback, ten at once", true, 10}} {
		b.Run(bb.name, func(b *testing.B) {
			a := newAcceptor(b, Config{})
			sockets := open(b, a, 1000, bb.loopback)
			frames := make([][]byte, bb.frames)
			for i := range frames {
				frames[i] = Frame([]byte(strings.Repeat("x", 100)))
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, s := range sockets {
					s.Send(frames...)
				}
				for a.stats.Queued.Load() > 0 {
					runtime.Gosched()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000*bb.frames), "ns/msg")
		})
	}
}

var idle = flag.Int("idle", 2000, "connections that BenchmarkIdle opens")

// BenchmarkIdle reports the memory of one idle connection, heap and stacks, on the
// server's side: the clients are bare sockets made before, which nobody reads.
func BenchmarkIdle(b *testing.B) {
	closed := make(chan Cause, *idle)
	sockets := make(chan *Socket, *idle)
	a := newAcceptor(b, Config{})
	address := strings.TrimPrefix(serve(b, a, func(s *Socket) { s.Start(&echo{s, closed}); sockets <- s }), "ws://")
	request := []byte("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	for b.Loop() {
		clients := make([]net.Conn, *idle)
		answer := make([]byte, 1024)
		bare := used()
		for i := range clients {
			c, err := net.Dial("tcp", address)
			if err != nil {
				b.Fatal(err)
			}
			clients[i] = c
		}
		ours := used() - bare // with the server's side of a connection that is accepted, no more
		held := make([]*Socket, 0, *idle)
		for _, c := range clients {
			if _, err := c.Write(append(request, masked(textFrame, "hello")...)); err != nil {
				b.Fatal(err)
			}
			held = append(held, <-sockets)
			for got := 0; !strings.Contains(string(answer[:got]), "hello"); {
				n, err := c.Read(answer[got:])
				if err != nil {
					b.Fatal(err)
				}
				got += n
			}
		}
		total := used() - bare
		b.ReportMetric(float64(total)/float64(*idle), "B/connection")
		b.ReportMetric(float64(ours)/float64(*idle), "B/before-upgrade")
		for i, c := range clients {
			c.Close()
			<-closed
			runtime.KeepAlive(held[i])
		}
	}
}

// used returns the bytes of heap and stacks in use, once the garbage is gone.
func used() int64 {
	for range 4 { // stacks shrink by half each time
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func BenchmarkFrame(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		payload := []byte(strings.Repeat("x", n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Frame(payload)
			}
		})
	}
}
