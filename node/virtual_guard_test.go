package node

import (
	"strings"
	"testing"
)

// guarded are routes that no stranger may reach.
var guarded = []struct{ method, path, body string }{
	{"GET", "/v1/nodes", ""},
	{"GET", "/v1/channels", ""},
	{"GET", "/v1/users/alice", ""},
	{"GET", "/v1/users/alice/why", ""},
	{"GET", "/v1/sessions", ""},
	{"GET", "/v1/nodes?ask=true", ""},
	{"POST", "/v1/users/query", `{"users":[]}`},
	{"GET", "/metrics", ""},
	{"GET", "/v1/nothing", ""},
}

func TestNoWebPageReachesAnAdminPortWithoutKeys(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		for _, forged := range [][]string{
			{"Host", "evil.example:9090"}, // DNS that changed its mind
			{"Host", "evil.example"},
			{"Host", "localhost.evil.example:9090"},
			{"Host", "127.0.0.1.evil.example:9090"},
			{"Origin", "https://evil.example"},
			{"Origin", "http://localhost:9090"}, // another site than 127.0.0.1
			{"Origin", "null"},
			{"Origin", "http://evil.example:9090", "Host", "evil.example:9090"},
			{"Sec-Fetch-Site", "cross-site"}, // an image, say
			{"Sec-Fetch-Site", "same-site"},
		} {
			for _, g := range guarded {
				w.api(n, g.method, g.path, g.body, forged...).wantRefused(w, 403, "forbidden", "")
			}
		}
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"} {
			w.api(n, "POST", "/v1/users/query", `{"users":[]}`, "Content-Type", kind).wantRefused(w, 415, "unsupported_media_type", "application/json")
		}
		for _, honest := range [][]string{
			{"Host", "localhost:9090"}, {"Host", "LOCALHOST"}, {"Host", "127.0.0.1"}, {"Host", "[::1]:9090"}, {"Host", "[::1]"},
			{"Origin", "http://localhost:9090", "Host", "localhost:9090", "Sec-Fetch-Site", "same-origin"},
			{"Sec-Fetch-Site", "none"},
			{"Content-Type", "application/json; charset=utf-8"},
		} {
			if r := w.api(n, "POST", "/v1/users/query", `{"users":[]}`, honest...); r.status != 200 {
				t.Errorf("%q is answered %d %s", honest, r.status, r.body)
			}
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			if r := w.api(n, "GET", path, "", "Host", "probe.example"); r.status != 200 {
				t.Errorf("GET %s is answered %d %s", path, r.status, r.body)
			}
		}
	})
}

func TestAdminPortWithKeysTakesOnlyThose(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1, func(c *Config) { c.AdminKeys = []string{"old-key", "new-key"} })[0]
		for _, header := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer old-key,new-key", "Bearer old-ke", "Bearer old-keyy", "Basic old-key", "old-key"} {
			for _, g := range guarded {
				r := w.api(n, g.method, g.path, g.body, "Authorization", header)
				r.wantRefused(w, 401, "unauthorized", "admin key")
				if got := r.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
					t.Errorf("it asks for %q", got)
				}
			}
		}
		for _, header := range []string{"Bearer old-key", "Bearer new-key", "bearer new-key"} {
			for _, g := range guarded {
				want := 200
				if g.path == "/v1/nothing" {
					want = 404
				}
				// The key is what a page of another name does not have.
				if r := w.api(n, g.method, g.path, g.body, "Authorization", header, "Host", "node1.internal:9090"); r.status != want {
					t.Errorf("%s %s with %q is answered %d %s", g.method, g.path, header, r.status, r.body)
				}
			}
			w.api(n, "GET", "/v1/nodes", "", "Authorization", header, "Origin", "https://evil.example").wantRefused(w, 403, "forbidden", "")
		}
	})
}
