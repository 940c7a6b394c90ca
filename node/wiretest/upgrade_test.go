package wiretest

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

func TestSubprotocolIsEchoedIfOffered(t *testing.T) {
	t.Parallel()
	for offered, want := range map[string]string{
		"":                     "",
		"rollcall.v1":          "rollcall.v1",
		"chat, rollcall.v1, x": "rollcall.v1",
		"rollcall.v2":          "",
	} {
		w := &world{t, strconv.FormatInt(tests.Add(1), 10), time.Now()}
		var headers []string
		if offered != "" {
			headers = append(headers, "Sec-WebSocket-Protocol: "+offered)
		}
		c := w.dial(here, headers...)
		if got := c.response.Header.Get("Sec-WebSocket-Protocol"); got != want {
			t.Errorf("offered %q, got %q, want %q", offered, got, want)
		}
		if got := c.response.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("extensions %q", got)
		}
	}
}

func TestHeaderTokenIsTaken(t *testing.T) {
	w := newWorld(t)
	for _, scheme := range []string{"Bearer", "bearer"} {
		c := w.dial(here, "Authorization: "+scheme+" "+w.token("alice~"))
		c.send(`{"type":"hello"}`)
		c.welcomed("alice~")
	}
	c := w.dial(here, "Authorization: Bearer "+w.token("alice~"))
	c.send(`{"type":"hello","token":"` + w.token("bob~") + `"}`)
	c.welcomed("bob~") // the first frame has the last word
}

func TestBadHeaderTokenIsUpgradedAndClosedWith4401(t *testing.T) {
	w := newWorld(t)
	for name, token := range map[string]string{
		"no token": "x",
		"expired":  w.token("alice~", expired),
		"forged":   signWith(t, "another secret, of 32 bytes or so", map[string]any{"username": "alice", "exp": inAnHour().Unix()}),
	} {
		t.Run(name, func(t *testing.T) {
			w := w.part(t)
			w.dial(here, "Authorization: Bearer "+token).wantClose(4401)
			w.dial(open, "Authorization: Bearer "+token).wantClose(4401) // where nobody would be welcome, too
		})
	}
}

func expired(c *auth.Claims) { c.Expires = time.Now().Add(-time.Minute) }

func TestQueryTokenIsTakenOnlyIfAllowed(t *testing.T) {
	w := newWorld(t)
	c := w.dialPath(open, "/v1/connect?access_token="+w.token("alice~"))
	c.send(`{"type":"hello"}`)
	c.welcomed("alice~")
	w.dialPath(open, "/v1/connect?access_token=x").wantClose(4401)
	c = w.dialPath(here, "/v1/connect?access_token="+w.token("alice~"))
	c.send(`{"type":"hello","id":1}`)
	c.wantError(1, "unauthorized")
	c.wantClose(4401)
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		origin string
		closed bool
	}{
		"no browser":             {"", false},
		"same origin":            {"http://" + open.Addr(), false},
		"same host over TLS":     {"https://" + open.Addr(), false},
		"listed":                 {"https://chat.example", false},
		"listed, in capitals":    {"HTTPS://Chat.Example", false},
		"listed by a star":       {"http://a.friends.example", false},
		"listed, another scheme": {"http://chat.example", true},
		"another":                {"https://evil.example", true},
		"one that begins alike":  {"https://chat.example.evil.example", true},
		"a page without origin":  {"null", true},
		"another port":           {"http://127.0.0.1:1", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var headers []string
			if tt.origin != "" {
				headers = append(headers, "Origin: "+tt.origin)
			}
			c := w.dial(open, headers...)
			if tt.closed {
				c.wantClose(4403)
				return
			}
			c.send(`{"type":"hello"}`)
			c.next()
			c.alive()
		})
	}
}

func TestBadTokensAreRefusedWithTheirCodeAnd4401(t *testing.T) {
	w := newWorld(t)
	soon := inAnHour().Unix()
	for name, tt := range map[string]struct{ token, code string }{
		"none":             {"", "unauthorized"},
		"nonsense":         {"a.b.c", "unauthorized"},
		"expired":          {w.token("alice~", expired), "expired"},
		"forged":           {signWith(t, "another secret, of 32 bytes or so", map[string]any{"username": "a", "exp": soon}), "unauthorized"},
		"forged, expired":  {signWith(t, "another secret, of 32 bytes or so", map[string]any{"username": "a", "exp": 1}), "unauthorized"},
		"without exp":      {signRaw(t, map[string]any{"username": "a"}), "unauthorized"},
		"without username": {signRaw(t, map[string]any{"exp": soon}), "unauthorized"},
		"username a list":  {signRaw(t, map[string]any{"username": []string{"a"}, "exp": soon}), "unauthorized"},
		"to come":          {signRaw(t, map[string]any{"username": "a", "exp": soon, "nbf": soon - 60}), "unauthorized"},
		"unsigned":         {"eyJhbGciOiJub25lIn0.eyJ1c2VybmFtZSI6ImEiLCJleHAiOjk5OTk5OTk5OTl9.", "unauthorized"},
		"channels a text":  {signRaw(t, map[string]any{"username": "a", "exp": soon, "channels": "*"}), "unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.part(t).dial(here)
			c.send(`{"type":"hello","id":1,"token":"`+tt.token+`"}`, `{"type":"join","id":2,"channel":"room~"}`)
			c.wantError(1, tt.code)
			c.wantClose(4401)
		})
	}
	w.hello(here, "bob~").watch("room~") // where nobody is
}

func TestTokenWithinItsLeewayIsGood(t *testing.T) {
	w := newWorld(t)
	n, end := w.start("lenient", func(c *node.Config) { c.Auth.Leeway = 10 * time.Second })
	w.Cleanup(end)
	c := w.hello(n, "alice~", func(c *auth.Claims) { c.Expires = time.Now().Add(-time.Second) })
	for m := c.take(); m.closed == 0; m = c.take() { // but not for long
	}
}

func TestConnectWithoutUpgradeIsNoSocket(t *testing.T) {
	t.Parallel()
	response, err := http.Get("http://" + here.Addr() + "/v1/connect")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %s, want 426", response.Status)
	}
}
