package node

import (
	"strings"
	"testing"
)

func TestLivePageIsServedWithoutAKeyAndUnderAStrictPolicy(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		for _, tune := range []func(*Config){func(*Config) {}, func(c *Config) { c.AdminKeys = []string{"a-secret-key"} }} {
			n := w.start(tune)
			<-n.ready
			for path, kind := range map[string]string{"/": "text/html", "/page/live/main.js": "text/javascript", "/page/live/live.css": "text/css",
				"/page/shared/base.css": "text/css", "/page/shared/dom.js": "text/javascript", "/page/shared/icon.svg": "image/svg+xml"} {
				r := w.api(n, "GET", path, "", "Sec-Fetch-Site", "none")
				if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), kind) || strings.Contains(string(r.body), "a-secret-key") {
					t.Errorf("GET %s is answered %d %s of %d bytes", path, r.status, r.header.Get("Content-Type"), len(r.body))
				}
				policy := r.header.Get("Content-Security-Policy")
				for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
					if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
						t.Errorf("GET %s has the policy %q, want %s", path, policy, want)
					}
				}
				if r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Referrer-Policy") != "no-referrer" {
					t.Errorf("GET %s has headers %v", path, r.header)
				}
				if r := w.api(n, "POST", path, "{}"); r.status != 405 || r.header.Get("Allow") != "GET, HEAD" {
					t.Errorf("POST %s is answered %d", path, r.status)
				}
			}
			if r := w.api(n, "GET", "/page/live/none.js", ""); r.status != 404 {
				t.Errorf("a file that is not there is answered %d", r.status)
			}
		}
		locked := w.nodes[1]
		for _, path := range []string{"/page/", "/page/live/", "/page", "/none"} { // no list of files, and nothing else
			w.api(locked, "GET", path, "").wantRefused(w, 401, "unauthorized", "")
		}
	})
}
