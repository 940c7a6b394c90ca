package auth

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestSignedTokenIsVerified(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}, UsernameClaim: "sub", Issuers: []string{"us"}, Audiences: []string{"chat"}})
	token, err := Sign(secret, Claims{
		User: "alice", UsernameClaim: "sub", Issuer: "us", Audience: []string{"x", "chat"},
		Expires: now.Add(1250 * time.Millisecond), NotBefore: now, IssuedAt: now,
		Channels: []string{"room.*"}, Watch: []string{"lobby"}, Follow: []string{},
		Profile: json.RawMessage(" {\"name\": \"<Alice>\"}\n"), Status: "away",
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := v.Verify(token, now)
	if err != nil {
		t.Fatal(err)
	}
	if id.User != "alice" || !id.Expires.Equal(now.Add(1250*time.Millisecond)) || id.Status != "away" {
		t.Errorf("identity %+v", id)
	}
	var profile struct{ Name string }
	if err := json.Unmarshal([]byte(id.Profile), &profile); err != nil || profile.Name != "<Alice>" {
		t.Errorf("profile %s: %v", id.Profile, err)
	}
	if r := id.Rights; !r.MayJoin("room.1") || r.MayJoin("lobby") || !r.MayWatch("lobby") || r.MayFollow("bob") {
		t.Errorf("rights %+v", r)
	}
}

func TestListThatIsNilIsNoClaim(t *testing.T) {
	v := newVerifier(t, Config{Secrets: []Secret{secret}})
	for _, tt := range []struct {
		about    string
		channels []string
		join     bool
	}{{"nil", nil, true}, {"empty", []string{}, false}} {
		token, err := Sign(secret, Claims{User: "alice", Expires: now.Add(time.Hour), Channels: tt.channels})
		if err != nil {
			t.Fatal(err)
		}
		id, err := v.Verify(token, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := DefaultPublic().Rights(id.Rights).MayJoin("room"); got != tt.join {
			t.Errorf("%s: may join a public channel %v, want %v", tt.about, got, tt.join)
		}
	}
}

func TestSignMakesNoTokenThatWouldBeRefused(t *testing.T) {
	for _, tt := range []struct {
		about  string
		change func(*Claims)
	}{
		{"no user", func(c *Claims) { c.User = "" }},
		{"a user that is not UTF-8", func(c *Claims) { c.User = "a\xff" }},
		{"no expiry", func(c *Claims) { c.Expires = time.Time{} }},
		{"an expiry beyond all calendars", func(c *Claims) { c.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"a start beyond all calendars", func(c *Claims) { c.NotBefore = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"a bad channel", func(c *Claims) { c.Channels = []string{"a\nb"} }},
		{"a bad watch", func(c *Claims) { c.Watch = []string{""} }},
		{"a bad follow", func(c *Claims) { c.Follow = []string{"\xff"} }},
		{"a profile that is no JSON", func(c *Claims) { c.Profile = json.RawMessage(`{`) }},
		{"a profile that is no object", func(c *Claims) { c.Profile = json.RawMessage(`[]`) }},
		{"a profile that is not UTF-8", func(c *Claims) { c.Profile = json.RawMessage("{\"a\":\"\xff\"}") }},
		{"a profile with half a surrogate pair", func(c *Claims) { c.Profile = json.RawMessage(`{"a":"\ud800"}`) }},
		{"a profile too large once encoded", func(c *Claims) { c.Profile = json.RawMessage(`{"a":"` + strings.Repeat("<", 300) + `"}`) }},
		{"a status that is none", func(c *Claims) { c.Status = "gone" }},
		{"an issuer that is not UTF-8", func(c *Claims) { c.Issuer = "\xff" }},
		{"an audience that is not UTF-8", func(c *Claims) { c.Audience = []string{"\xff"} }},
		{"a username claim that means something else", func(c *Claims) { c.UsernameClaim = "exp" }},
		{"more channels than fit a token", func(c *Claims) {
			c.Channels = strings.Split(strings.Repeat("a-channel-of-a-long-name ", 400)+"x", " ")
		}},
	} {
		c := Claims{User: "alice", Expires: now.Add(time.Hour)}
		tt.change(&c)
		if token, err := Sign(secret, c); err == nil {
			t.Errorf("%s: signed %s", tt.about, token)
		}
	}
	if _, err := Sign(nil, Claims{User: "alice", Expires: now}); err == nil {
		t.Error("signed without a secret")
	}
}
