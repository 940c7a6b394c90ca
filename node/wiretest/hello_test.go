package wiretest

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

func TestHelloIsWelcomed(t *testing.T) {
	w := newWorld(t)
	before := time.Now().UnixMilli()
	expires := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	token := w.token("alice~", func(c *auth.Claims) { c.Expires = expires })
	c := w.dial(here)
	c.send(`{"type":"hello","id":1,"token":"` + token + `","meta":{"app":"test"},"unknown":[1]}`)
	m := c.want(fmt.Sprintf(`{"type":"welcome","id":1,"session":"*","user":"alice~","node":"here","time":"*","interval":%d,"timeout":%d,"expires":%d,"status":"online"}`,
		interval.Milliseconds(), timeout.Milliseconds(), expires.UnixMilli()))
	if m.Time < before || m.Time > time.Now().UnixMilli() {
		t.Errorf("time %d is not now", m.Time)
	}
	if m.Session == "" {
		t.Error("no session to resume")
	}
}

func TestWelcomeOfNobodyHasNullsAndNoID(t *testing.T) {
	w := newWorld(t)
	c := w.dial(open)
	c.send(`{"type":"hello"}`)
	c.want(`{"type":"welcome","session":"*","user":null,"node":"open","time":"*","interval":"*","timeout":"*","expires":null,"status":"online"}`)
}

func TestFirstFrameThatIsNoHelloIsClosedWith4400(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{
		"another request": `{"type":"time","id":1}`,
		"a pong":          `{"type":"pong"}`,
		"a bye":           `{"type":"bye"}`,
		"no such request": `{"type":"shout","id":1}`,
		"no type":         `{"id":1}`,
		"type elsewhere":  `{"TYPE":"hello"}`,
		"broken JSON":     `{"type":`,
		"no JSON":         `GET / HTTP/1.1`,
		"an array":        `[{"type":"hello"}]`,
		"no UTF-8":        "\xff\xfe",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.dial(open)
			c.send(first, `{"type":"hello"}`)
			if m := c.next(); m.Type != "error" {
				t.Fatalf("got %s, want an error that says why", m.text)
			}
			c.wantClose(4400)
		})
	}
}

func TestHelloWithABadFieldMaySayItAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ fields, code string }{
		"id":           {`"id":0`, "bad_request"},
		"token":        {`"token":17`, "bad_request"},
		"null token":   {`"token":null`, "bad_request"},
		"resume":       {`"resume":{}`, "bad_request"},
		"state":        {`"state":"busy"`, "bad_request"},
		"idle":         {`"idle":-1`, "bad_request"},
		"idle as text": {`"idle":"5"`, "bad_request"},
		"status":       {`"status":"gone"`, "bad_request"},
		"meta":         {`"meta":[]`, "bad_request"},
		"surrogate":    {`"resume":"\ud83d"`, "bad_request"},
		"twice":        {`"idle":1,"idle":2`, "bad_request"},
		"large meta":   {`"meta":{"a":"` + letters(1100) + `"}`, "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.dial(open)
			c.send(`{` + tt.fields + `,"type":"hello"}`)
			c.wantError(0, tt.code)
			c.send(`{"type":"hello","id":2,"meta":{"a":"` + letters(1000) + `"}}`)
			c.want(`{"type":"welcome","id":2,"session":"*","user":null,"node":"*","time":"*","interval":"*","timeout":"*","expires":null,"status":"*"}`)
		})
	}
}

func TestBadHelloIsAnsweredWithItsID(t *testing.T) {
	w := newWorld(t)
	c := w.dial(open)
	c.send(`{"type":"hello","id":7,"state":"asleep"}`)
	c.wantError(7, "bad_request")
}

func TestHelloIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	c := w.hello(here, "alice~")
	c.send(`{"type":"hello","id":2,"token":"` + w.token("bob~") + `"}`)
	c.wantError(2, "bad_request")
	c.join("room~", "alice~")
}

func TestRequestsMayFollowHelloInItsFrame(t *testing.T) {
	w := newWorld(t)
	c := w.dial(here)
	c.send(`{"type":"hello","token":"`+w.token("alice~")+`"}`, `{"type":"join","id":2,"channel":"room~"}`, "", `{"type":"leave","id":3,"channel":"room~"}`)
	c.welcomed("alice~")
	if m := c.next(); m.Type != "roster" || m.ID != 2 {
		t.Fatalf("got %s, want the roster", m.text)
	}
	c.want(`{"type":"ok","id":3}`)
}

func TestSocketThatSaysNothingIsClosedWith4408(t *testing.T) {
	w := newWorld(t)
	began := time.Now()
	c := w.dial(here)
	c.wantClose(4408)
	if took := time.Since(began); took < 5*time.Second {
		t.Errorf("closed after %v, before the 5s were over", took)
	}
}

func TestWelcomeTellsTheChosenStatus(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ fields, claim, want string }{
		"none":                   {"", "", "online"},
		"asserted":               {`,"status":"busy"`, "", "busy"},
		"by the token":           {"", "away", "away"},
		"asserted and the token": {`,"status":"busy"`, "away", "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.dial(here)
			c.send(`{"type":"hello","token":"` + w.token("alice~", func(c *auth.Claims) { c.Status = tt.claim }) + `"` + tt.fields + `}`)
			if m := c.welcomed("alice~"); m.Status != tt.want {
				t.Errorf("%s, want status %s", m.text, tt.want)
			}
		})
	}
}

func TestAssertedStatusBeatsNoLiveChoice(t *testing.T) {
	w := newWorld(t)
	first := w.hello(here, "alice~")
	first.ask(`{"type":"status","id":2,"status":"away"}`, `{"type":"ok","id":2}`)
	second := w.dial(here)
	second.send(`{"type":"hello","token":"` + w.token("alice~") + `","status":"busy"}`)
	if m := second.welcomed("alice~"); m.Status != "away" {
		t.Errorf("%s, want the status that was chosen, away", m.text)
	}
}

func letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}
