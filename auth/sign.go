package auth

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are what [Sign] writes into a token. Zero fields are left out, but empty
// lists that are not nil are written, since they mean something: no channel at all.
type Claims struct {
	User          string // required
	UsernameClaim string // default "username"

	Expires   time.Time // required, to the millisecond
	NotBefore time.Time
	IssuedAt  time.Time

	Issuer   string
	Audience []string

	Channels, Watch, Follow []string
	Profile                 json.RawMessage
	Status                  string
}

// Sign returns a token of these claims, signed HS256. Claims that [Verifier.Verify]
// would refuse are an error here; that the time is past, or still to come, is none.
func Sign(secret []byte, c Claims) (string, error) {
	c.UsernameClaim = cmp.Or(c.UsernameClaim, DefaultUsernameClaim)
	if err := c.check(); err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if len(secret) == 0 {
		return "", errors.New("sign token: the secret is empty")
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c.toMap()).SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if len(token) > MaxToken {
		return "", fmt.Errorf("sign token: it has %d bytes, want at most %d", len(token), MaxToken)
	}
	return token, nil
}

// check looks at the claims before they are encoded: encoding would replace what is
// not UTF-8, and so give a token for somebody else.
func (c Claims) check() error {
	if slices.Contains(reserved, c.UsernameClaim) {
		return fmt.Errorf("the claim %q cannot hold the user", c.UsernameClaim)
	}
	if err := CheckName(c.User); err != nil {
		return fmt.Errorf("user: %w", err)
	}
	if c.Expires.IsZero() {
		return errors.New("it would never expire")
	}
	if c.Expires.Unix() > maxDate || c.NotBefore.Unix() > maxDate {
		return errors.New("a date beyond the year 9999")
	}
	lists := [][]string{c.Channels, c.Watch, c.Follow}
	for i, name := range []string{"channels", "watch", "follow"} {
		if _, err := ParsePatterns(lists[i]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if !validStatus(c.Status) {
		return fmt.Errorf("status %q, want online, away, busy or offline", c.Status)
	}
	for _, text := range append([]string{c.Issuer}, c.Audience...) {
		if !utf8.ValidString(text) {
			return errors.New("issuer and audience: want valid UTF-8")
		}
	}
	return checkProfile(c.Profile)
}

// checkProfile measures the profile as it will be encoded, which writes <, > and & longer.
func checkProfile(profile json.RawMessage) error {
	if len(profile) == 0 {
		return nil
	}
	encoded, err := json.Marshal(profile)
	if err != nil || !utf8.Valid(profile) || !surrogatesPaired(profile) {
		return errors.New("profile: want a JSON object")
	}
	_, err = readProfile(encoded)
	return err
}

// toMap returns the claims under the names they have in a token.
func (c Claims) toMap() jwt.MapClaims {
	claims := jwt.MapClaims{c.UsernameClaim: c.User}
	for name, at := range map[string]time.Time{"exp": c.Expires, "nbf": c.NotBefore, "iat": c.IssuedAt} {
		if !at.IsZero() {
			claims[name] = float64(at.UnixMilli()) / 1000
		}
	}
	for name, list := range map[string][]string{"channels": c.Channels, "watch": c.Watch, "follow": c.Follow, "aud": c.Audience} {
		if list != nil {
			claims[name] = list
		}
	}
	for name, text := range map[string]string{"iss": c.Issuer, "status": c.Status} {
		if text != "" {
			claims[name] = text
		}
	}
	if len(c.Profile) > 0 {
		claims["profile"] = c.Profile
	}
	return claims
}
