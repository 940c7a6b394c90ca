package auth

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	// DefaultLeeway suits nodes and issuers whose clocks are set by NTP.
	DefaultLeeway = 5 * time.Second

	// maxLeeway bounds Config.Leeway: beyond it a clock is wrong, not off.
	maxLeeway = 10 * time.Minute

	// DefaultUsernameClaim is the claim that names the user.
	DefaultUsernameClaim = "username"

	// minSecret is what RFC 7518 §3.2 demands of a key for HS256, in bytes.
	minSecret = 32
)

// reserved are the claims that mean something else than the user's name.
var reserved = []string{"exp", "nbf", "iat", "iss", "aud", "channels", "watch", "follow", "profile", "status"}

// Config says which tokens are good. At least one source of keys is needed; of
// several, any key that fits the token may have signed it.
type Config struct {
	// Secrets verify HS256. Empty ones are refused. Ones shorter than 32 bytes are
	// taken with a warning in the log, since they can be guessed offline from one token.
	Secrets []Secret

	// PublicKeys are the texts of PEM files: "PUBLIC KEY" or "RSA PUBLIC KEY", one or more
	// blocks each. RSA keys of 2048 to 8192 bits, P-256 and Ed25519 are taken.
	PublicKeys [][]byte

	// KeySets are the texts of JWKS files. A key needs a kid, by which tokens name it; "oct" is
	// a secret for HS256. Keys that cannot verify are left out, with a warning. Of several
	// of one kid the first counts, and those of KeySets before those of KeySetURLs.
	KeySets []Secret

	// KeySetURLs are JWKS over https, or http with a warning in the log. Each is fetched by New,
	// which waits for it up to 5 s, and every 10 minutes; a token with an unknown
	// kid has it fetched at once, at most every 10 s, and waits for that. Keys stay while
	// the URL is down. "oct" keys and private keys are left out: what anybody can
	// read proves nothing.
	KeySetURLs []string

	// Issuers and Audiences: if any are set, a token needs an iss that equals one,
	// an aud that equals or lists one. Without, these claims are ignored.
	Issuers, Audiences []string

	// UsernameClaim names the claim that holds the user. Default "username".
	UsernameClaim string

	// Leeway is added to exp and taken from nbf, for clocks that differ: 0 to 10 minutes.
	// Zero is none; the command's default is DefaultLeeway.
	Leeway time.Duration

	// HTTPClient fetches the key sets. Default: a plain one without connections
	// kept open. Its CheckRedirect is not used.
	HTTPClient *http.Client

	// Log is told of weak secrets, of keys left out, and of key sets that could not be fetched
	// and could again. Default: nowhere.
	Log *slog.Logger
}

// ConfigError says which value of a [Config] is wrong.
type ConfigError struct {
	Field string // the name of the field in Config
	Index int    // which value of the field, from 0; -1 if it takes but one
	Err   error  // why; never holds a key
}

// Error returns the field and the reason. The index is written from 1.
func (e *ConfigError) Error() string {
	if e.Index < 0 {
		return fmt.Sprintf("auth: %s: %v", e.Field, e.Err)
	}
	return fmt.Sprintf("auth: %s %d: %v", e.Field, e.Index+1, e.Err)
}

// Unwrap returns the reason.
func (e *ConfigError) Unwrap() error { return e.Err }

// ErrNoKeys means that a [Config] names no source of keys.
var ErrNoKeys = errors.New("auth: no secret, public key or key set to verify tokens with")

// check returns c with its defaults filled in, or the reason why it cannot work.
// Keys are checked where they are read.
func (c Config) check() (Config, error) {
	c.UsernameClaim = cmp.Or(c.UsernameClaim, DefaultUsernameClaim)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.HTTPClient = cmp.Or(c.HTTPClient, newHTTPClient())
	if len(c.Secrets)+len(c.PublicKeys)+len(c.KeySets)+len(c.KeySetURLs) == 0 {
		return c, ErrNoKeys
	}
	if slices.Contains(reserved, c.UsernameClaim) {
		return c, &ConfigError{"UsernameClaim", -1, fmt.Errorf("the claim %q means something else", c.UsernameClaim)}
	}
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		return c, &ConfigError{"Leeway", -1, fmt.Errorf("%v, want 0 to %v", c.Leeway, maxLeeway)}
	}
	if i := slices.Index(c.Issuers, ""); i >= 0 {
		return c, &ConfigError{"Issuers", i, errors.New("it is empty")}
	}
	if i := slices.Index(c.Audiences, ""); i >= 0 {
		return c, &ConfigError{"Audiences", i, errors.New("it is empty")}
	}
	for i, address := range c.KeySetURLs {
		if err := checkURL(address); err != nil {
			return c, &ConfigError{"KeySetURLs", i, err}
		}
	}
	return c, nil
}

// checkURL does not repeat the address in its error: it may hold a password.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("not an address, want https://host/path")
	}
	return nil
}
