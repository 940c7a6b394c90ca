package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxToken bounds a token, in bytes. Longer ones are refused unread.
const MaxToken = 8 << 10

// Verifier verifies tokens. It may be used concurrently.
type Verifier struct {
	// All fixed by New.
	rules  rules
	parser *jwt.Parser
	algs   []string // that any key takes or may come to take

	unnamed []key // secrets and public keys; each is tried
	files   []*keySet
	remotes []*remoteSet
}

// New returns a verifier. Its refreshing of key sets ends with ctx, and is all that does:
// keys it has go on verifying. Errors are [ErrNoKeys] or a [*ConfigError].
func New(ctx context.Context, c Config) (*Verifier, error) {
	c, err := c.check()
	if err != nil {
		return nil, err
	}
	v := &Verifier{
		rules: rules{
			issuers: slices.Clone(c.Issuers), audiences: slices.Clone(c.Audiences),
			userClaim: c.UsernameClaim, leeway: c.Leeway,
		},
		// Strict: a signature has one spelling.
		parser: jwt.NewParser(jwt.WithStrictDecoding()),
	}
	if err := v.addUnnamed(c); err != nil {
		return nil, err
	}
	if err := v.addSets(ctx, c); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Verifier) addUnnamed(c Config) error {
	for i, secret := range c.Secrets {
		k, err := newKey(slices.Clone([]byte(secret)))
		if err != nil {
			return &ConfigError{"Secrets", i, err}
		}
		if len(secret) < minSecret {
			c.Log.Warn("secret for tokens is short, and can be guessed from one token", "secret", i+1, "bytes", len(secret), "want", minSecret)
		}
		v.unnamed = append(v.unnamed, k)
	}
	for i, text := range c.PublicKeys {
		keys, err := parsePEM(text)
		if err != nil {
			return &ConfigError{"PublicKeys", i, err}
		}
		v.unnamed = append(v.unnamed, keys...)
	}
	for _, k := range v.unnamed {
		v.algs = append(v.algs, k.algs...)
	}
	return nil
}

func (v *Verifier) addSets(ctx context.Context, c Config) error {
	for i, text := range c.KeySets {
		s, err := parseKeySet(text, c.Log)
		if err != nil {
			return &ConfigError{"KeySets", i, err}
		}
		v.files = append(v.files, s)
		v.algs = slices.Concat(v.algs, publicAlgs, secretAlgs)
	}
	for i, address := range c.KeySetURLs {
		r, err := newRemoteSet(ctx, address, c)
		if err != nil {
			return &ConfigError{"KeySetURLs", i, err}
		}
		v.remotes = append(v.remotes, r)
		v.algs = slices.Concat(v.algs, publicAlgs)
	}
	return nil
}

// KeySets tells of the key sets at URLs, in the order of the [Config].
func (v *Verifier) KeySets() []KeySetStatus {
	all := make([]KeySetStatus, len(v.remotes))
	for i, r := range v.remotes {
		all[i] = r.status()
	}
	return all
}

// Verify returns who bears the token, or a [*Refusal]. It computes at most one signature
// for each secret and public key that fits, and one for the kid. A kid that is in no key
// set may have it wait for the URLs, up to 10 s each; [Config].KeySetURLs says how often.
func (v *Verifier) Verify(token string, now time.Time) (Identity, error) {
	if len(token) > MaxToken {
		return Identity{}, refuse(ReasonTooLarge, fmt.Sprintf("%d bytes, want at most %d", len(token), MaxToken))
	}
	if strings.ContainsAny(token, "\r\n") { // which encoding/base64 skips
		return Identity{}, refuse(ReasonMalformed, "not a JWT: it has a line break")
	}
	var claims rawClaims
	parsed, _, err := v.parser.ParseUnverified(token, &claims)
	if errors.Is(err, jwt.ErrTokenMalformed) {
		return Identity{}, refuse(ReasonMalformed, "not a JWT") // the cause may quote the token
	}
	if err != nil {
		return Identity{}, refuse(ReasonAlgorithm, "an algorithm that does not exist")
	}
	if refusal := v.checkSignature(parsed, token[:strings.LastIndexByte(token, '.')]); refusal != nil {
		return Identity{}, refusal
	}
	id, refusal := v.rules.identity(claims.object, now)
	if refusal != nil {
		return Identity{}, refusal // not returned as it is: a nil *Refusal is no nil error
	}
	return id, nil
}

// checkSignature returns nil if a key that may sign with the token's algorithm signed it.
func (v *Verifier) checkSignature(token *jwt.Token, signed string) *Refusal {
	if _, critical := token.Header["crit"]; critical {
		return refuse(ReasonMalformed, "it demands an extension of JWS (crit)")
	}
	named, isText := token.Header["kid"]
	kid, _ := named.(string)
	if isText && kid == "" {
		return refuse(ReasonMalformed, "its kid is not a name")
	}
	alg := token.Method.Alg()
	if !slices.Contains(v.algs, alg) {
		return refuse(ReasonAlgorithm, "no key here takes its algorithm")
	}
	tried := false
	for _, k := range v.unnamed {
		if k.verifies(token.Method, signed, token.Signature) {
			return nil
		}
		tried = tried || k.takes(alg)
	}
	return v.checkNamed(token, kid, signed, tried)
}

// checkNamed looks for the key that the token names. tried says whether another
// key that fits was tried before, in vain.
func (v *Verifier) checkNamed(token *jwt.Token, kid, signed string, tried bool) *Refusal {
	set := v.setOf(kid, token.Method.Alg())
	switch {
	case set != nil:
		k, fits := set.find(token)
		if !fits {
			return refuse(ReasonAlgorithm, "the key that it names does not take its algorithm")
		}
		if !k.verifies(token.Method, signed, token.Signature) {
			return refuse(ReasonSignature, "the key that it names did not sign it")
		}
		return nil
	case tried && kid == "", tried && len(v.files)+len(v.remotes) == 0:
		return refuse(ReasonSignature, "no key here signed it")
	case kid == "":
		return refuse(ReasonUnknownKey, "it names no key (kid)")
	case slices.ContainsFunc(v.remotes, (*remoteSet).empty):
		return refuse(ReasonKeysUnavailable, "a key set could not be fetched yet")
	}
	return refuse(ReasonUnknownKey, "the key that it names is in no key set")
}

// setOf returns the key set that holds kid, or nil. Sets at URLs are asked again,
// unless the algorithm is none that they could have a key for.
func (v *Verifier) setOf(kid, alg string) *keySet {
	if kid == "" {
		return nil
	}
	for _, s := range v.files {
		if s.has(kid) {
			return s
		}
	}
	for _, r := range v.remotes {
		if r.has(kid) {
			return r.keySet
		}
	}
	for _, r := range v.remotes {
		if slices.Contains(publicAlgs, alg) && r.fetch(kid) {
			return r.keySet
		}
	}
	return nil
}

// rawClaims keeps the claims as they are, to be read once the signature is good.
// Its embedded Claims is nil: nothing here asks jwt to judge claims.
type rawClaims struct {
	jwt.Claims
	object []byte
}

// UnmarshalJSON keeps a copy of the claims. It is not called for null.
func (c *rawClaims) UnmarshalJSON(object []byte) error {
	c.object = slices.Clone(object)
	return nil
}
