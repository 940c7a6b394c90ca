package limit

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

var secret = []byte("a secret of thirty-two bytes, 123")

func token(user string) (string, error) {
	now := time.Now()
	return auth.Sign(secret, auth.Claims{User: user, IssuedAt: now, Expires: now.Add(time.Hour)})
}

// newLimit runs a limit program until the test ends.
func newLimit(t *testing.T, kind string) load.Options {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, kind, l.(*net.TCPListener), secret) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		l.Close()
	})
	return load.Options{Dialect: load.Rollcall{Token: token}, URLs: []string{"ws://" + l.Addr().String()}}
}

func TestLimitsTellTheTruth(t *testing.T) {
	for _, kind := range []string{Goroutines, Epoll} {
		t.Run(kind, func(t *testing.T) {
			if _, err := load.Idle(t.Context(), newLimit(t, kind), load.IdlePlan{Clients: 300, Members: 10}); err != nil {
				t.Error(err)
			}
		})
	}
}

// A client would answer the ping, and no request may come before hello.
func TestNobodyIsPingedBeforeHello(t *testing.T) {
	good, err := token("u")
	if err != nil {
		t.Fatal(err)
	}
	var written []byte
	p := &peer{write: func(b []byte) { written = append(written, b...) }}
	g := &readers{hub: newHub(secret), sockets: map[*net.TCPConn]*peer{nil: p}}
	pinged := func() bool {
		written = nil
		g.ping(time.Now())
		return bytes.Contains(written, []byte(`"ping"`))
	}
	if _, err := g.hub.read(p, []byte("GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if pinged() {
		t.Error("it is pinged behind the handshake")
	}
	if err := g.hub.take(p, []byte(`{"type":"hello","id":1,"token":"`+good+`"}`)); err != nil {
		t.Fatal(err)
	}
	if !pinged() {
		t.Error("it is not pinged behind hello")
	}
}

func TestOnlyGoodTokensAreTaken(t *testing.T) {
	now := time.Now()
	good, err := token("u")
	if err != nil {
		t.Fatal(err)
	}
	late, err := auth.Sign(secret, auth.Claims{User: "u", IssuedAt: now, Expires: now.Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if user, err := verify([]byte(good), secret, now); user != "u" || err != nil {
		t.Errorf("a good token: %q, %v", user, err)
	}
	for name, token := range map[string]string{"of another": good, "late": late, "cut": good[:len(good)-3], "empty": ""} {
		of := secret
		if name == "of another" {
			of = []byte("another secret")
		}
		if user, err := verify([]byte(token), of, now); err == nil {
			t.Errorf("%s: a token is taken, of %q", name, user)
		}
	}
}
