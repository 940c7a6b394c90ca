package node

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// halfOpen opens a connection and sends so much of a request.
func (w *world) halfOpen(n *virtual, request string) net.Conn {
	w.Helper()
	conn, err := w.desk.DialContext(w.Context(), n.host+":8080")
	if err != nil {
		w.Fatal(err)
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { conn.Close() })
	return conn
}

// closed returns when the other side closed a connection, at most that long from now.
func closed(conn net.Conn, within time.Duration) (time.Time, bool) {
	_ = conn.SetReadDeadline(time.Now().Add(within))
	for buf := make([]byte, 1<<10); ; {
		if _, err := conn.Read(buf); err != nil {
			timeout, ok := err.(net.Error)
			return time.Now(), !ok || !timeout.Timeout()
		}
	}
}

func TestRequestThatIsNotFinishedIsClosed(t *testing.T) {
	for name, tt := range map[string]struct {
		request string
		bound   time.Duration
	}{
		"nothing":     {"", headerTime},
		"half a line": {"GET /v1/con", headerTime},
		"no end":      {"GET /v1/connect HTTP/1.1\r\nHost: x\r\nX: y\r\n", headerTime},
		"no body":     {"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", requestTime},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 1, func(w *world) {
				n := w.cluster(1)[0]
				began := time.Now()
				conn := w.halfOpen(n, tt.request)
				at, ok := closed(conn, time.Hour)
				if !ok || at.Sub(began) > tt.bound+time.Second {
					t.Errorf("closed (%v) after %v, want at most %v", ok, at.Sub(began), tt.bound)
				}
				conn.Close()
				w.until("it is counted no more", time.Second, func() bool { return n.door.Stats().Connections == 0 })
			})
		})
	}
}

func TestFloodOfStrangersStarvesNobody(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.system = system{files: 64} })[0] // 12 strangers
		old := w.open(n, "old")
		old.join("room")
		var flood []net.Conn
		stop := time.Now().Add(3 * time.Second)
		for i := 0; time.Now().Before(stop); i++ {
			request := ""
			if i%2 == 0 { // a WebSocket that says no hello
				request = "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
					"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
			}
			flood = append(flood, w.halfOpen(n, request))
			time.Sleep(10 * time.Millisecond)
			if i%20 == 0 {
				b := w.open(n, "new")
				b.join("room")
				b.bye()
			}
		}
		w.until("the flood is over", 20*time.Second, func() bool { return n.door.Stats().Strangers == 0 })
		if s := n.door.Stats(); s.Crowded < 200 || s.Connections != 1 {
			t.Errorf("%+v, want most of the flood turned away and one socket left", s)
		}
		old.do(client.Request{Type: "sync", Channel: "room"})
		old.wantUsers("room", "old")
		for _, conn := range flood {
			conn.Close()
		}
	})
}

// halfHandshake returns half of what a TLS client sends first.
func halfHandshake(t *testing.T) string {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() { _ = tls.Client(ours, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
	hello := make([]byte, 4<<10)
	n, err := theirs.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	return string(hello[:n/2])
}

// overTLS has all clients that dial from now on speak TLS, whatever their URL says.
func (w *world) overTLS() {
	w.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
		conn, err := w.desk.DialContext(ctx, addr)
		if err != nil {
			return nil, err
		}
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), nil
	}
}

func TestFloodOfHalfHandshakesStarvesNobody(t *testing.T) {
	half, files := halfHandshake(t), newPair(t)
	files.write(selfSigned(t, "secure"))
	inWorld(t, 5, func(w *world) {
		n := w.cluster(1, func(c *Config) {
			c.system = system{files: 64} // 12 strangers
			c.TLSCert, c.TLSKey = files.cert, files.key
		})[0]
		w.overTLS()
		old := w.open(n, "old")
		old.join("room")
		const many = 300 // within the time for one handshake
		var flood []net.Conn
		for i := range many {
			flood = append(flood, w.halfOpen(n, half))
			time.Sleep(10 * time.Millisecond)
			if i%20 == 0 {
				b := w.open(n, "new")
				b.join("room")
				b.bye()
			}
			if s := n.door.Stats(); s.Strangers > 12 || s.Connections > 14 { // the old one and the new one
				t.Fatalf("after %d half handshakes: %+v", i+1, s)
			}
		}
		if s := n.door.Stats(); s.Strangers == 0 || s.Crowded != uint64(many-s.Strangers) {
			t.Errorf("%+v, want all but the strangers turned away", s)
		}
		w.until("the last ones are turned away by the time", headerTime+time.Second, func() bool {
			s := n.door.Stats()
			return s.Strangers == 0 && s.Connections == 1
		})
		for i, conn := range flood {
			if _, ok := closed(conn, time.Second); !ok {
				t.Errorf("half a handshake, number %d, is not closed", i)
			}
		}
		old.do(client.Request{Type: "sync", Channel: "room"})
		old.wantUsers("room", "old")
	})
}

// A server of one's own has no door, but who says no hello is bounded all the same.
func TestStrangersByAnothersServerAreBounded(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.system = system{files: 64} })[0] // 12 strangers
		another := &virtual{Node: n.Node, host: "127.0.0.99"}
		l, err := w.listen(another.host + ":8080")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: n.Handler()}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		w.open(another, "alice")
		first := w.dial(another, "first")
		w.until("the first is counted before the others", time.Second, func() bool { return n.door.Stats().Strangers == 1 })
		for range 11 {
			w.dial(another, "stranger")
		}
		w.dial(another, "one too many")
		first.wantClosed(time.Second, protocol.CloseOverload)
		time.Sleep(time.Second)
		if s := n.door.Stats(); s.Strangers != 12 || s.Crowded != 1 {
			t.Errorf("%+v, want 12 strangers and 1 turned away", s)
		}
		time.Sleep(helloTime)
		if s := n.door.Stats(); s.Strangers != 0 {
			t.Errorf("%+v, want no stranger left", s)
		}
	})
}

func TestDoorLeavesFilesForAllElse(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.system = system{files: 64} })[0] // room for 48, 45 sessions
		for range 45 {
			w.open(n, "alice")
		}
		w.dial(n, "nobody").wantClosed(2*fullTime, protocol.CloseOverload)
		w.until("only sessions are left", time.Second, func() bool { return n.door.Stats().Connections == 45 })
		for range 10 {
			w.halfOpen(n, "")
		}
		w.until("there is no more room", time.Second, func() bool { s := n.door.Stats(); return s.Connections == 48 && s.Crowded == 7 })
	})
}
