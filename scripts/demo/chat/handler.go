package main

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"regexp"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node/page"
)

// files are those of the page that it does not share with other pages of Rollcall: plain HTML,
// CSS and JavaScript modules, served as they are.
//
//go:embed page
var files embed.FS

// newHandler serves the chat.
func newHandler(secret auth.Secret) (http.Handler, error) {
	t, err := newTokens(secret)
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	h, mux := newHall(), http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page.Overlay{own, page.Shared()}))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /token", t.issue)
	mux.HandleFunc("GET /messages", h.stream)
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, r *http.Request) {
		if user, ok := t.bearer(w, r); ok {
			h.post(w, r, user)
		}
	})
	return guarded(mux), nil
}

// hostname is a host with or without port, and nothing that could mean more in a header.
var hostname = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]{1,260}$`)

// guarded adds to all answers what the page may do: load its own files, and talk to its own
// host. Not all browsers take 'self' for WebSockets, so those are named.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connect := "connect-src 'self'"
		if hostname.MatchString(r.Host) {
			connect += " ws://" + r.Host + " wss://" + r.Host
		}
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " + connect +
				"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"Cache-Control":                "no-store",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
		} {
			w.Header().Set(name, value)
		}
		h.ServeHTTP(w, r)
	})
}

// maxBody bounds the body of a request, in bytes: the longest text, however it is escaped.
const maxBody = 8 << 10

// read reads the body of a request, or refuses it. It has to be called JSON, which no page of
// another site can do without asking.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "want Content-Type: application/json", http.StatusUnsupportedMediaType)
		return false
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into)
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	} else if err != nil {
		http.Error(w, "the body: "+err.Error(), http.StatusBadRequest)
	}
	return err == nil
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who does not wait for the answer gets none
}
