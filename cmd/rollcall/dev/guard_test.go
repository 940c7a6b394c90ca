package dev

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// set returns what sets headers of a request. Host is one of them here.
func set(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == "Host" {
				r.Host = pairs[i+1]
			} else {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	s := newStage(t, 1)
	port := s.server.hosts[0][strings.LastIndex(s.server.hosts[0], ":"):]
	for name, tune := range map[string]func(*http.Request){
		"a name that resolves to loopback": set("Host", "evil.example"+port, "Origin", "http://evil.example"+port),
		"that without Origin":              set("Host", "evil.example"+port),
		"another port":                     set("Host", "127.0.0.1:1"),
		"no host":                          set("Host", ""),
		"another origin":                   set("Origin", "http://evil.example"),
		"an origin of another port":        set("Origin", "http://127.0.0.1:1"),
		"our origin by TLS":                set("Origin", "https://127.0.0.1"+port),
		"no origin to speak of":            set("Origin", "null"),
		"a page of another site":           set("Sec-Fetch-Site", "cross-site"),
		"a page of this machine":           set("Sec-Fetch-Site", "same-site"),
	} {
		s.want(http.StatusForbidden, "forbidden", "POST", "/api/nodes/node-1/kill", "{}", tune)
		s.want(http.StatusForbidden, "forbidden", "GET", "/api/cluster", "", tune)
		if s.state("node-1") != Running {
			t.Fatalf("%s killed a node", name)
		}
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""} {
		s.want(http.StatusUnsupportedMediaType, "application/json", "POST", "/api/nodes/node-1/kill", "{}", set("Content-Type", kind))
	}
}

func TestThisPageAndPlainToolsAreServed(t *testing.T) {
	s := newStage(t, 1)
	port := s.server.hosts[0][strings.LastIndex(s.server.hosts[0], ":"):]
	for _, tune := range []func(*http.Request){
		set(),
		set("Host", "localhost"+port, "Origin", "http://localhost"+port),
		set("Host", "LOCALHOST"+port),
		set("Sec-Fetch-Site", "same-origin"),
		func(r *http.Request) { r.Header.Del("Origin") }, // curl
	} {
		s.want(http.StatusOK, "token", "POST", "/api/token", `{"user":"alice"}`, tune)
	}
	s.want(http.StatusOK, "<!doctype html>", "GET", "/", "", set("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")) // a link
	for _, origin := range s.server.Origins() {
		if got := s.node("node-1").config.Origins; !strings.Contains(strings.Join(got, " "), origin) {
			t.Errorf("nodes take pages of %v, not of %s", got, origin)
		}
	}
}

func TestPageIsServedUnderAStrictPolicy(t *testing.T) {
	s := newStage(t, 2)
	types := map[string]string{"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
	paths := []string{"", "client.js"}
	all, err := fs.ReadDir(files, "page")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Name() != "index.html" { // which is served as the folder
			paths = append(paths, f.Name())
		}
	}
	for _, path := range paths {
		r := httptest.NewRequest("GET", "/"+path, nil)
		r.Host = s.server.hosts[0]
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		policy := w.Header().Get("Content-Security-Policy")
		if w.Code != http.StatusOK || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("/%s: %d, policy %q", path, w.Code, policy)
		}
		if !strings.Contains(policy, " ws://"+s.node("node-2").config.Listen) {
			t.Errorf("/%s may not connect to node-2: %q", path, policy)
		}
		ext := "html"
		if dot := strings.LastIndex(path, "."); dot >= 0 {
			ext = path[dot+1:]
		}
		if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, types[ext]) || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("/%s is %q", path, kind)
		}
		if cache := w.Header().Get("Cache-Control"); path != "client.js" && cache != "no-store" {
			t.Errorf("/%s may be kept: %q", path, cache)
		}
	}
	if body := readPage(t); strings.Contains(body, "style=") || strings.Contains(body, "<script>") || strings.Contains(body, "onclick") {
		t.Error("the page has something inline, which its policy forbids")
	}
}

func readPage(t *testing.T) string {
	t.Helper()
	data, err := files.ReadFile("page/index.html")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
