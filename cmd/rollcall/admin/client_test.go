package admin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/node"
)

func TestAdminAddressesAreReadAsServeTakesThem(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:9090": "http://127.0.0.1:9090", "https://admin.example/": "https://admin.example", "10.0.0.7:9090": "http://10.0.0.7:9090",
		":9090": "http://127.0.0.1:9090", "0.0.0.0:9090": "http://127.0.0.1:9090", "[::]:9090": "http://127.0.0.1:9090", "localhost:9090": "http://localhost:9090",
		"": "", "ftp://a": "", "http://a/path": "", "http://a?x=1": "", "http://u:p@a": "", "http://": "", "a b": "",
	} {
		if got, err := ParseURL(text); got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
	}
}

// serving returns a client of a node that answers so.
func serving(t *testing.T, h http.HandlerFunc) *Client {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return &Client{URL: s.URL, Key: "the-key", HTTP: NewHTTP()}
}

func TestRefusalsSayWhatTheNodeSaid(t *testing.T) {
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer the-key" {
			t.Errorf("it is asked with %q", r.Header.Get("Authorization"))
		}
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/nodes"):
			http.Error(w, `{"error":{"code":"forbidden","message":"not you"}}`, http.StatusForbidden)
		case strings.HasPrefix(r.URL.Path, "/v1/channels"):
			http.Redirect(w, r, "http://stranger.example/", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	_, err := c.Nodes(t.Context(), true)
	if refused := new(Refused); !errors.As(err, &refused) || refused.Status != 403 || refused.Code != "forbidden" || refused.Message != "not you" {
		t.Errorf("nodes: %v", err)
	}
	if _, err := c.Largest(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("it is sent elsewhere, with the key: %v", err)
	}
	if _, err := c.Why(t.Context(), "alice"); err == nil || !strings.Contains(err.Error(), "no node of Rollcall, or none that knows /v1/users/alice/why") {
		t.Errorf("why: %v", err)
	}
}

func TestHeldSessionsAreReadPageByPage(t *testing.T) {
	id := "a"
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("after") {
		case "":
			w.Write([]byte(`{"nodeId":"a","sessions":[{"id":"a-1"},{"id":"a-2"}],"next":"a-2"}`))
		case "a-2":
			w.Write([]byte(`{"nodeId":"` + id + `","sessions":[{"id":"a-3","user":"alice","held":{"socket":true}}]}`))
		}
	})
	var got []string
	holder, err := c.Held(t.Context(), func(s node.HeldSession) { got = append(got, s.ID+s.User) })
	if err != nil || holder != "a" || strings.Join(got, " ") != "a-1 a-2 a-3alice" {
		t.Errorf("%q holds %q, %v", holder, got, err)
	}
	id = "b" // it was started anew between two pages
	if _, err := c.Held(t.Context(), func(node.HeldSession) {}); err == nil {
		t.Error("pages of two nodes are taken for those of one")
	}
}

func TestShownIsReadToTheEndOfTheSync(t *testing.T) {
	const first = ": rollcall\n\nevent: sync\nid: 1\ndata: {\"nodeId\":\"a\",\"sessions\":[{\"id\":\"a-1\",\"nodeId\":\"a\",\"user\":\"alice\"}],\"more\":true}\n\n"
	const last = "event: sync\ndata: {\"nodeId\":\"a\",\"members\":[{\"channel\":\"room\",\"member\":{\"user\":\"alice\",\"since\":5}}]}\n\n"
	for stream, want := range map[string]string{
		first + last + "event: channel.join\ndata: {}\n\n": "a-1 room",
		first:                                    "",
		"event: cut\ndata: {}\n\n":               "",
		"event: sync\ndata: nonsense\n\n" + last: "",
	} {
		var got []string
		err := readSync(strings.NewReader(stream), func(s Shown) {
			for _, s := range s.Sessions {
				got = append(got, s.ID)
			}
			for _, m := range s.Members {
				got = append(got, m.Channel)
			}
		})
		if (err != nil) != (want == "") || err == nil && strings.Join(got, " ") != want {
			t.Errorf("%q: %q, %v, want %q", stream, got, err, want)
		}
	}
}

func TestFiguresAreReadFromMetrics(t *testing.T) {
	got, err := readFigures(strings.NewReader(`# HELP rollcall_view_users 7 of them
rollcall_view_joins_total 32
rollcall_view_leaves_total{reason="closed"} 2
rollcall_view_leaves_total{reason="a b"} 1.7e+01
rollcall_view_users 8
rollcall_view_sessions 9
rollcall_node_incomplete 1
process_cpu_seconds_total 2.5
process_resident_memory_bytes 3.5e+07
nonsense
`))
	if want := (Figures{Users: 8, Sessions: 9, Joins: 32, Leaves: 19, Incomplete: true, CPU: 2.5, Resident: 35e6}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}
