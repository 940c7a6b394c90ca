package auth

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// errNoUsableKey keeps an empty set, or an error page that happens to be JSON,
// from taking the place of keys that work.
var errNoUsableKey = errors.New("it has no key that could verify a token")

// keySet holds keys by their kid. It is the storage of jwkset that drops what
// this package does not trust, whatever puts it in. Safe for concurrent use.
type keySet struct {
	jwkset.Storage // in memory
	keys           keyfunc.Keyfunc
	public         bool // anybody may read the set, so secrets in it are none
	log            *slog.Logger

	size    atomic.Int64           // usable keys
	skipped atomic.Pointer[string] // what was left out last, so as to warn once
}

func newKeySet(public bool, log *slog.Logger) (*keySet, error) {
	s := &keySet{Storage: jwkset.NewMemoryStorage(), public: public, log: log}
	keys, err := keyfunc.New(keyfunc.Options{Storage: s})
	if err != nil {
		return nil, err
	}
	s.keys = keys
	return s, nil
}

// parseKeySet reads a JWKS that does not change.
func parseKeySet(text []byte, log *slog.Logger) (*keySet, error) {
	var marshaled jwkset.JWKSMarshal
	if err := json.Unmarshal(text, &marshaled); err != nil {
		return nil, errors.New(`not a key set, want {"keys": […]}`) // the cause might quote it
	}
	s, err := newKeySet(false, log)
	if err != nil {
		return nil, err
	}
	var all []jwkset.JWK
	for i, m := range marshaled.Keys {
		jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{Private: true}, lenient)
		switch {
		case errors.Is(err, jwkset.ErrUnsupportedKey):
			log.Warn("key of key set left out", "index", i, "why", "not a kind of key that can verify")
		case err != nil:
			return nil, fmt.Errorf("key %d of the set: %w", i+1, err)
		default:
			all = append(all, jwk)
		}
	}
	return s, s.KeyReplaceAll(context.Background(), all)
}

// lenient lets a set in whose members contradict each other in ways that do not
// matter here (thumbprints, certificates): one such key must not lock out the rest.
// What matters is checked by usable.
var lenient = jwkset.JWKValidateOptions{SkipAll: true}

// KeyReplaceAll takes over the usable keys of a set. If there is none it changes nothing.
func (s *keySet) KeyReplaceAll(ctx context.Context, given []jwkset.JWK) error {
	var usable []jwkset.JWK
	var skipped string
	for i, jwk := range given {
		err := s.usable(jwk)
		sameKID := func(other jwkset.JWK) bool { return other.Marshal().KID == jwk.Marshal().KID }
		if err == nil && slices.ContainsFunc(usable, sameKID) {
			err = errors.New("a kid that an earlier key has")
		}
		if err != nil {
			skipped += fmt.Sprintf("key %d: %v; ", i+1, err)
			continue
		}
		usable = append(usable, jwk)
	}
	if last := s.skipped.Swap(&skipped); skipped != "" && (last == nil || *last != skipped) {
		s.log.Warn("keys of a key set left out", "why", skipped)
	}
	if len(usable) == 0 {
		return errNoUsableKey
	}
	s.size.Store(int64(len(usable)))
	return s.Storage.KeyReplaceAll(ctx, usable)
}

// usable returns why a key of the set may not verify tokens, or nil.
func (s *keySet) usable(jwk jwkset.JWK) error {
	m := jwk.Marshal()
	material, private := publicHalf(jwk.Key())
	k, err := newKey(material)
	switch {
	case m.KID == "":
		return errors.New("no kid")
	case m.USE != "" && m.USE != jwkset.UseSig:
		return errors.New("its use is not sig")
	case len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return errors.New("its key_ops lack verify")
	case s.public && private:
		return errors.New("a secret or private key, open to all who can fetch it")
	case err != nil:
		return err
	case m.ALG != "" && !k.takes(m.ALG.String()):
		return errors.New("its alg does not fit its type")
	}
	return nil
}

// publicHalf returns what verifies, and whether the key is one that can sign.
func publicHalf(material any) (public any, private bool) {
	if signer, ok := material.(crypto.Signer); ok {
		return signer.Public(), true
	}
	_, secret := material.([]byte)
	return material, secret
}

// has reports whether the set holds a key of that kid.
func (s *keySet) has(kid string) bool {
	_, err := s.KeyRead(context.Background(), kid)
	return err == nil
}

// find returns the key that the token names, if that key takes the token's algorithm.
func (s *keySet) find(token *jwt.Token) (key, bool) {
	material, err := s.keys.Keyfunc(token)
	if err != nil {
		return key{}, false // pinned to another algorithm, or gone this moment
	}
	k, err := newKey(material)
	return k, err == nil && k.takes(token.Method.Alg())
}
