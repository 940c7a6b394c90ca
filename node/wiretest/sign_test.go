package wiretest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/rollcall-presence/rollcall/auth"
)

func inAnHour() time.Time { return time.Now().Add(time.Hour) }

// signRaw signs claims that auth.Sign would not.
func signRaw(t *testing.T, claims map[string]any) string {
	t.Helper()
	return signWith(t, secret, claims)
}

func signWith(t *testing.T, secret string, claims map[string]any) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims)).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// quote writes a JSON string.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func withProfile(profile string) func(*auth.Claims) {
	return func(c *auth.Claims) { c.Profile = json.RawMessage(profile) }
}

func withChannels(channels ...string) func(*auth.Claims) {
	return func(c *auth.Claims) { c.Channels = append([]string{}, channels...) }
}

func withWatch(channels ...string) func(*auth.Claims) {
	return func(c *auth.Claims) { c.Watch = append([]string{}, channels...) }
}
