package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	clientjs "github.com/rollcall-presence/rollcall/client-js"
)

// Server serves the page, on one address of loopback.
type Server struct {
	cluster  *Cluster
	listener net.Listener
	hosts    []string // as which it is addressed
	ending   context.Context
	streams  chan struct{} // as many as there are streams
}

// NewServer makes a server for a listener, whose [Server.Origins] a cluster is told; that
// cluster is given to [Server.Serve].
func NewServer(l net.Listener) *Server {
	s := &Server{listener: l, hosts: []string{l.Addr().String()}, streams: make(chan struct{}, maxStreams)}
	if _, port, err := net.SplitHostPort(s.hosts[0]); err == nil {
		s.hosts = append(s.hosts, net.JoinHostPort("localhost", port))
	}
	return s
}

// URL returns where the page is.
func (s *Server) URL() string { return "http://" + s.hosts[0] }

// Origins returns the origins that the page may have.
func (s *Server) Origins() (all []string) {
	for _, host := range s.hosts {
		all = append(all, "http://"+host)
	}
	return all
}

// Serve serves the page of a cluster until ctx ends.
func (s *Server) Serve(ctx context.Context, cluster *Cluster) error {
	s.cluster, s.ending = cluster, ctx
	server := &http.Server{Handler: s.Handler(), ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(s.listener); ctx.Err() == nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// Handler returns what is served, guarded.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page())
	mux.Handle("GET /{file}", page())
	mux.Handle("GET /client.js", clientjs.Handler())
	mux.HandleFunc("GET /api/cluster", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.cluster.Sight()) })
	mux.HandleFunc("GET /api/cluster/events", s.stream)
	mux.HandleFunc("POST /api/nodes/{name}/{action}", s.act)
	mux.HandleFunc("POST /api/token", s.token)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "not_found", "there is no "+r.Method+" "+r.URL.Path)
	})
	return s.guard(mux)
}

// act does something to a node.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	m := s.cluster.member(r.PathValue("name"))
	if m == nil {
		refuse(w, http.StatusNotFound, "not_found", fmt.Sprintf("there is no node %q", r.PathValue("name")))
		return
	}
	do := map[string]func() error{
		"pause": m.pause, "resume": m.resume, "kill": m.kill,
		"start": func() error { return s.cluster.start(m) },
	}[r.PathValue("action")]
	if do == nil {
		refuse(w, http.StatusNotFound, "not_found", fmt.Sprintf("nothing called %q can be done to a node; pause, resume, kill and start can", r.PathValue("action")))
		return
	}
	m.look() // it may be running by now
	switch err := do(); {
	case errors.Is(err, ErrState):
		refuse(w, http.StatusConflict, "wrong_state", err.Error())
	case err != nil:
		refuse(w, http.StatusInternalServerError, "internal", err.Error())
	default:
		answer(w, s.cluster.Sight())
	}
}

// token gives the page a token for the user it names.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		User string `json:"user"`
	}
	if !read(w, r, &asked) {
		return
	}
	token, err := s.cluster.Token(asked.User)
	if err != nil {
		refuse(w, http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	answer(w, map[string]string{"token": token})
}

// maxBody bounds the body of a request, in bytes: the longest name, however it is escaped.
const maxBody = 2 << 10

// read reads the body of a request, or refuses it.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("more than %d bytes", maxBody))
		return false
	}
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "bad_request", "the body: "+err.Error())
		return false
	}
	return true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who does not wait for the answer gets none
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
}
