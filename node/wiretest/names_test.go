package wiretest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/auth"
)

func TestNamesAreData(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"__proto__", "constructor", "toString", "hasOwnProperty", "😀👩‍👩‍👧", "Zoë", "Zoe\u0308", "a b", " ", "null", "0", "*", "room.*", "<script>",
		`"quoted\"`, "a/b?c=d#e", "%00", "\u2028", "\u202e", "\ufeff", "\ufffd", "日本語", "a@b", "'; DROP TABLE",
		strings.Repeat("x", 255), strings.Repeat("é", 127) + "x",
	} {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			w := newWorld(t)
			quoted := quote(name)
			one, two := w.dial(here), w.dial(there)
			for _, c := range []*client{one, two} {
				token, err := auth.Sign([]byte(secret), auth.Claims{User: name, Expires: inAnHour()})
				if err != nil {
					t.Fatal(err)
				}
				c.send(`{"type":"hello","token":"` + token + `"}`)
				if m := c.next(); m.Type != "welcome" || m.User != name {
					t.Fatalf("got %s", m.text)
				}
			}
			watcher := w.hello(there, "watcher~")
			watcher.ask(`{"type":"watch","id":1,"channel":`+quoted+`}`, `{"type":"roster","id":1,"channel":`+quoted+`,"version":"*","count":0,"members":[],"more":false}`)
			one.ask(`{"type":"join","id":1,"channel":`+quoted+`}`, `{"type":"roster","id":1,"channel":`+quoted+`,"version":"*","count":1,"members":[{"user":`+quoted+`,"since":"*"}],"more":false}`)
			watcher.want(`{"type":"diff","channel":` + quoted + `,"version":"*","count":1,"join":[{"user":` + quoted + `,"since":"*"}]}`)
			two.ask(`{"type":"join","id":1,"channel":`+quoted+`}`, `{"type":"roster","id":1,"channel":`+quoted+`,"version":"*","count":1,"members":[{"user":`+quoted+`,"since":"*"}],"more":false}`)
			one.send(`{"type":"bye"}`)
			two.send(`{"type":"bye"}`)
			watcher.want(`{"type":"diff","channel":` + quoted + `,"version":"*","count":0,"leave":[{"user":` + quoted + `,"reason":"left"}]}`)
		})
	}
}

func TestChannelNamesAgainstTheRules(t *testing.T) {
	t.Parallel()
	for name, channel := range map[string]string{
		"empty":              `""`,
		"256 bytes":          `"` + strings.Repeat("x", 256) + `"`,
		"256 bytes in two":   `"` + strings.Repeat("é", 128) + `"`,
		"kept for later":     `"@room"`,
		"kept, escaped":      `"\u0040room"`,
		"null character":     `"a\u0000b"`,
		"line break":         `"a\nb"`,
		"tab":                `"a\tb"`,
		"delete":             `"a\u007fb"`,
		"second controls":    `"a\u0085b"`,
		"high surrogate":     `"a\ud83d"`,
		"low surrogate":      `"\ude00a"`,
		"surrogates swapped": `"\ude00\ud83d"`,
		"broken UTF-8":       "\"a\xc3\"",
		"overlong UTF-8":     "\"\xc0\xaf\"",
		"surrogate in UTF-8": "\"\xed\xa0\x80\"",
		"number":             `5`,
		"object":             `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.hello(here, "alice~")
			for _, kind := range []string{"join", "watch", "leave", "sync"} {
				c.send(`{"type":"` + kind + `","channel":` + channel + `}`)
				c.wantError(0, "bad_request")
			}
			c.send(`{"type":"update","channel":` + channel + `,"data":{}}`)
			c.wantError(0, "bad_request")
			c.alive()
		})
	}
}

func TestNamesOfUsersAgainstTheRulesAreRefused(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]string{
		"empty":     "",
		"256 bytes": strings.Repeat("x", 256),
		"control":   "a\u0001",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.dial(here)
			c.send(`{"type":"hello","id":1,"token":"` + signRaw(t, map[string]any{"username": user, "exp": inAnHour().Unix()}) + `"}`)
			c.wantError(1, "unauthorized")
			c.wantClose(4401)
		})
	}
}

func TestEqualLooksAreDifferentNames(t *testing.T) {
	w := newWorld(t)
	composed, decomposed := w.hello(here, "Zo\u00eb~"), w.hello(here, "Zoe\u0308~")
	composed.join("room~", "Zo\u00eb~")
	decomposed.join("room~", "Zo\u00eb~", "Zoe\u0308~")
}
