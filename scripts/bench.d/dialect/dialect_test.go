package dialect

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// script notes what a client is told, in words.
type script struct{ said []string }

func (s *script) note(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func (s *script) Welcome()                    { s.note("welcome") }
func (s *script) Roster(channel []byte)       { s.note("roster of %s", channel) }
func (s *script) Member(user []byte)          { s.note("member %s", user) }
func (s *script) Entered(c []byte, _ bool)    { s.note("entered %s", c) }
func (s *script) Joined(channel, user []byte) { s.note("%s joined %s", user, channel) }
func (s *script) Left(channel, user []byte)   { s.note("%s left %s", user, channel) }
func (s *script) Count(channel []byte, n int) { s.note("%d in %s", n, channel) }
func (s *script) Answer(text []byte)          { s.note("> %s", text) }

func token(user string) (string, error) { return "token-of-" + user, nil }

// play gives a session what a server sent, and returns what its client was told. The
// frames are those of the servers in ../peers, but for the names.
func play(t *testing.T, s load.Session, frames ...string) []string {
	t.Helper()
	var told script
	for _, f := range frames {
		if err := s.Read([]byte(f), &told); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	slices.SortFunc(told.said, func(a, b string) int { // a roster is in no order
		if len(a) > 7 && len(b) > 7 && a[:7] == "member " && b[:7] == "member " {
			return slices.Compare([]byte(a), []byte(b))
		}
		return 0
	})
	return told.said
}

func open(t *testing.T, d load.Dialect) load.Session {
	t.Helper()
	s, err := d.Session("bob", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func check(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

func TestSocketIOIsUnderstood(t *testing.T) {
	s := open(t, SocketIO{token})
	if hello := s.Hello(nil); len(hello) != 0 {
		t.Errorf("hello is %q; the server speaks first", hello)
	}
	check(t, "the beginning", play(t, s, `0{"sid":"x","upgrades":[],"pingInterval":25000}`, `40{"sid":"y"}`, "2"),
		`> 40{"token":"token-of-bob"}`, "welcome", "> 3")
	check(t, "the join", []string{string(s.Join(nil, "r.1"))}, `420["join","r.1"]`)
	check(t, "the channel", play(t, s, `430[["alice","bob"]]`, `42["join","r.1","carol"]`, `42["leave","r.1","alice"]`),
		"roster of r.1", "member alice", "member bob", "entered r.1", "carol joined r.1", "alice left r.1")
	var told script
	for _, bad := range []string{`44{"message":"jwt malformed"}`, "7", "", `42["join"]`, `42[`, `431[[]]`} {
		if err := s.Read([]byte(bad), &told); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestFayeIsUnderstood(t *testing.T) {
	s := open(t, Faye{token})
	const connect = `> [{"channel":"/meta/connect","clientId":"id1","connectionType":"websocket"}]`
	check(t, "the beginning", play(t, s, `[{"channel":"/meta/handshake","successful":true,"version":"1.0","clientId":"id1","advice":{"reconnect":"retry"}}]`),
		connect, "welcome")
	check(t, "the join", []string{string(s.Join(nil, "r.1"))},
		`[{"channel":"/meta/subscribe","clientId":"id1","subscription":"/presence/r~1","ext":{"token":"token-of-bob"}}]`)
	check(t, "the channel", play(t, s,
		`[{"channel":"/presence/r~1","data":{"subscribe":{"early":{"id":"early"}}}}]`,
		`[{"clientId":"id1","channel":"/meta/subscribe","successful":true,"subscription":"/presence/r~1","ext":{"presence":{"subscribe":{"alice":{"id":"alice"}}}}}]`,
		`[{"channel":"/presence/r~1","data":{"subscribe":{"bob":{"id":"bob"}}}}]`,
		`[{"data":{"unsubscribe":{"alice":null}},"channel":"/presence/r~1"},{"clientId":"id1","channel":"/meta/connect","successful":true}]`),
		"early joined r.1", "roster of r.1", "member alice", "member bob", "member early", "entered r.1", "alice left r.1", connect)
	var told script
	if err := s.Read([]byte(`[{"channel":"/meta/subscribe","successful":false,"error":"405::Invalid channel"}]`), &told); err == nil {
		t.Error("a refusal is taken")
	}
}

func TestSocketClusterIsUnderstood(t *testing.T) {
	s := open(t, SocketCluster{token})
	check(t, "hello", []string{string(s.Hello(nil))}, `{"event":"#handshake","data":{"authToken":"token-of-bob"},"cid":1}`)
	check(t, "the beginning", play(t, s, `{"rid":1,"data":{"id":"OQ","pingTimeout":20000,"isAuthenticated":true}}`, `{"rid":2}`, "#1"),
		`> {"event":"#subscribe","data":{"channel":"presence>socket/OQ"},"cid":2}`, "welcome", "> #2")
	s.Join(nil, "r.1")
	const pong = `> {"event":"#publish","data":{"channel":"presence>socket/OQ","data":{"type":"pong","channel":"r.1","username":"bob","timeout":13000}}}`
	check(t, "the channel", play(t, s, `{"rid":3}`,
		`{"event":"#publish","data":{"channel":"presence>r.1","data":{"type":"join","timeout":13000,"socketId":"OQ"}}}`,
		`{"rid":4}`,
		`{"event":"#publish","data":{"channel":"presence>socket/OQ","data":{"type":"pong","channel":"r.1","username":"alice","timeout":13000}}}`,
		`{"event":"#publish","data":{"channel":"presence>socket/OQ","data":{"type":"pong","channel":"r.1","username":"alice","timeout":13000}}}`,
		`{"event":"#publish","data":{"channel":"presence>r.1","data":{"type":"ping","timeout":13000,"users":["alice","bob","carol"]}}}`,
		`{"event":"#publish","data":{"channel":"presence>r.1","data":{"type":"leave","username":"alice"}}}`),
		pong, "roster of r.1", "member bob", "entered r.1", "alice joined r.1", "carol joined r.1", "alice left r.1")
	var told script
	if err := s.Read([]byte(`{"rid":3,"error":{"name":"Error","message":"no user"}}`), &told); err == nil || err.Error() != "the server refuses request 3: no user" {
		t.Errorf("%v, want that it is refused for want of a user", err)
	}
}
