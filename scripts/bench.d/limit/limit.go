// Package limit is a presence server that does only the unavoidable part: it accepts a
// WebSocket, verifies an HS256 token, and writes each change of a channel once to each of
// its members. It has one node and no rights, no bounds, no grace, no slow readers that
// it would spare, and trusts whoever sends. What a real server costs more than this is what
// there may be to gain.
//
// It speaks as much of rollcall.v1 as the load needs: hello, join, leave, bye and pong.
//
// # Ownership
//
// A socket is read by its goroutine, or by the only loop of [Epoll]; what was asked goes to
// the hub's inbox. One goroutine empties the inbox and alone knows the rooms and writes, so
// that all that came while it wrote goes out together.
package limit

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// interval is how often each socket is asked for a sign of life, which every server must
// do that wants to hear of a silent death. It is Rollcall's default.
const interval = 10 * time.Second

// Run listens on a free port of loopback, prints "ready" and that port, and serves until ctx ends.
func Run(ctx context.Context, kind string, stdout io.Writer, secret []byte) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintln(stdout, "ready", l.Addr().(*net.TCPAddr).Port)
	return Serve(ctx, kind, l.(*net.TCPListener), secret)
}

// Serve serves until ctx ends, as [Goroutines] or [Epoll].
func Serve(ctx context.Context, kind string, l *net.TCPListener, secret []byte) error {
	switch kind {
	case Goroutines:
		return serveGoroutines(ctx, l, secret)
	case Epoll:
		return serveEpoll(ctx, l, secret)
	}
	return fmt.Errorf("limit %q, want %s or %s", kind, Goroutines, Epoll)
}

// The kinds differ in who reads.
const (
	Goroutines = "goroutines" // one for each socket, blocked in a read
	Epoll      = "epoll"      // one loop for all; nothing is kept of a socket but its number and its user
)
