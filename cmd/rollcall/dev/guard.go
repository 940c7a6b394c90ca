package dev

import (
	"mime"
	"net/http"
	"slices"
	"strings"
)

// guard refuses what is not this page's. A foreign page that has its own name resolved to
// loopback is known by Host, one that just sends a request by Origin, or by a body that a page
// may send to anybody unasked.
func (s *Server) guard(h http.Handler) http.Handler {
	policy := s.policy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for key, value := range policy {
			w.Header().Set(key, value)
		}
		switch {
		case !slices.Contains(s.hosts, strings.ToLower(r.Host)):
			refuse(w, http.StatusForbidden, "forbidden", "the page is at "+s.URL()+", not at "+r.Host)
		case !s.isOurs(r):
			refuse(w, http.StatusForbidden, "forbidden", "another web page asks for this")
		case r.Method == http.MethodPost && !isJSON(r):
			refuse(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "want Content-Type: application/json")
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// isOurs reports whether a request comes from the page itself, or from no page at all.
func (s *Server) isOurs(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if !slices.Contains(s.Origins(), strings.ToLower(origin)) {
			return false
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if site == "cross-site" || site == "same-site" {
		return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" // a link to the page
	}
	return true
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// policy returns headers of all answers: the page may load nothing but its own files, and
// connect to nothing but this server and the nodes.
func (s *Server) policy() map[string]string {
	connect := "connect-src 'self'"
	for _, a := range s.cluster.Addresses() {
		connect += " " + strings.TrimSuffix(a.URL, "/v1/connect")
	}
	return map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " + connect +
			"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cache-Control":                "no-store",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
	}
}
