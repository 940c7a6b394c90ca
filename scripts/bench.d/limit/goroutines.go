package limit

import (
	"context"
	"net"
	"sync"
	"time"
)

// serveGoroutines reads each socket in a goroutine of its own.
func serveGoroutines(ctx context.Context, l *net.TCPListener, secret []byte) error {
	h := newHub(secret)
	g := &readers{hub: h, sockets: map[*net.TCPConn]*peer{}}
	defer g.serving.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g.serving.Go(func() { g.write(ctx) })
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		s, err := l.AcceptTCP()
		if ctx.Err() != nil {
			g.closeAll()
			return nil
		}
		if err != nil {
			return err
		}
		g.serving.Go(func() { g.serve(s) })
	}
}

// readers are all sockets.
type readers struct {
	hub     *hub
	serving sync.WaitGroup

	mu      sync.Mutex // guards sockets
	sockets map[*net.TCPConn]*peer
}

// write does all that is to be written, but for welcomes.
func (g *readers) write(ctx context.Context) {
	ping := time.NewTicker(interval)
	defer ping.Stop()
	for {
		select {
		case <-g.hub.wake:
			g.hub.flush()
		case now := <-ping.C:
			g.ping(now)
		case <-ctx.Done():
			return
		}
	}
}

// firstBuffer is what a socket keeps to read into. It holds a request, and what does not
// fit doubles it.
const firstBuffer = 256

// serve lets a client in. Who it is takes a deep stack to find out, so that another goroutine
// goes on, with a small one.
func (g *readers) serve(s *net.TCPConn) {
	p := &peer{write: func(b []byte) { _, _ = s.Write(b) }}
	g.mu.Lock()
	g.sockets[s] = p
	g.mu.Unlock()
	in, n, err := make([]byte, firstBuffer), 0, error(nil)
	for p.member == nil && err == nil {
		in, n, err = g.read(s, p, in, n)
	}
	if err != nil {
		g.end(s, p)
		return
	}
	rest := make([]byte, max(n, firstBuffer))
	copy(rest, in[:n])
	g.serving.Go(func() {
		defer g.end(s, p)
		for in, n, err := rest, n, error(nil); err == nil; {
			in, n, err = g.read(s, p, in, n)
		}
	})
}

// read reads once, and keeps in the buffer what is not whole yet.
func (g *readers) read(s *net.TCPConn, p *peer, in []byte, n int) ([]byte, int, error) {
	if n == len(in) {
		in = append(in, make([]byte, len(in))...)
	}
	more, err := s.Read(in[n:])
	if err != nil {
		return in, n, err
	}
	used, err := g.hub.read(p, in[:n+more])
	return in, copy(in, in[used:n+more]), err
}

func (g *readers) end(s *net.TCPConn, p *peer) {
	s.Close()
	g.mu.Lock()
	delete(g.sockets, s)
	g.mu.Unlock()
	g.hub.post(event{from: p, kind: gone})
}

// ping asks all sockets for a sign of life. None of them is judged: that costs nothing.
func (g *readers) ping(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	framed := pingFrame(now)
	for _, p := range g.sockets {
		if p.welcomed.Load() {
			p.write(framed)
		}
	}
}

func (g *readers) closeAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.sockets {
		s.Close()
	}
}

func pingFrame(now time.Time) []byte {
	return frame(append(appendField([]byte(`{"type":"ping"`), "time", uint64(now.UnixMilli())), '}'))
}
