package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// relay hands every message of one socket to all others: the least that any
// server between two clients does. One relay is the floor for what happens on one
// node, a chain of two for what crosses nodes.
type relay struct {
	mu      sync.Mutex // guards sockets
	sockets map[*websocket.Conn]bool
}

// runRelay serves until ctx ends. Unless to is "-", the relay there is one of its sockets.
func runRelay(ctx context.Context, to string, stderr io.Writer) error {
	r := &relay{sockets: map[*websocket.Conn]bool{}}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx) // ends the sockets with the server
	defer cancel()
	if to != "-" {
		s, _, err := websocket.Dial(ctx, to, nil)
		if err != nil {
			return err
		}
		r.add(s)
		wg.Go(func() { r.serve(ctx, s) })
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	slog.New(slog.NewJSONHandler(stderr, nil)).Info("relay is up", "listen", l.Addr().String())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if s, err := websocket.Accept(w, req, nil); err == nil {
			r.add(s)
			r.serve(ctx, s)
		}
	})}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (r *relay) add(s *websocket.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sockets[s] = true
}

// serve reads a socket until it ends.
func (r *relay) serve(ctx context.Context, s *websocket.Conn) {
	defer s.CloseNow()
	for {
		_, data, err := s.Read(ctx)
		r.mu.Lock()
		if err != nil {
			delete(r.sockets, s)
			r.mu.Unlock()
			return
		}
		for other := range r.sockets {
			if other != s {
				_ = other.Write(ctx, websocket.MessageText, data) // its own reader sees the end
			}
		}
		r.mu.Unlock()
	}
}
