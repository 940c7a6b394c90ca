package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// jwk returns the JWK of the Ed25519 test key with changed members.
func jwk(t *testing.T, pairs ...string) string {
	t.Helper()
	k := keysOnce()
	members := map[string]json.RawMessage{}
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal([]byte(jwks(t, map[string]any{"a": k.ed.Public()})), &set); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(set.Keys[0], &members); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i]] = json.RawMessage(pairs[i+1])
		if pairs[i+1] == "" {
			delete(members, pairs[i])
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOnlyKeysMadeToVerifyAreTaken(t *testing.T) {
	k := keysOnce()
	private := encode(k.ed.Seed())
	for _, tt := range []struct {
		about        string
		key          string
		inFile, atAt bool // taken from a file, from a URL
	}{
		{"as it should be", jwk(t), true, true},
		{"without use", jwk(t, "use", ""), true, true},
		{"without alg", jwk(t, "alg", ""), true, true},
		{"with members unknown here", jwk(t, "x5t", `"?"`, "other", `{}`), true, true},
		{"for verifying", jwk(t, "key_ops", `["verify"]`), true, true},
		{"for encryption", jwk(t, "use", `"enc"`), false, false},
		{"for a use unknown here", jwk(t, "use", `"wave"`), false, false},
		{"for wrapping", jwk(t, "key_ops", `["wrapKey"]`), false, false},
		{"for another algorithm", jwk(t, "alg", `"RS256"`), false, false},
		{"without kid", jwk(t, "kid", ""), false, false},
		{"with the private half", jwk(t, "d", `"`+private+`"`), true, false},
		{"of another kind", `{"kty":"wax","kid":"a"}`, false, false},
		{"on another curve", jwk(t, "crv", `"Ed448"`), false, false},
		{"for key exchange", jwk(t, "crv", `"X25519"`), false, false},
		{"weak RSA", `{"kty":"RSA","kid":"a","e":"AQAB","n":"` + encode(bytes.Repeat([]byte{0xff}, 128)) + `"}`, false, false},
		{"RSA with exponent 1", `{"kty":"RSA","kid":"a","e":"AQ","n":"` + encode(k.rsa.N.Bytes()) + `"}`, false, false},
		{"RSA with an exponent too large for words", `{"kty":"RSA","kid":"a","e":"` + encode(bytes.Repeat([]byte{0xff}, 9)) + `","n":"` + encode(k.rsa.N.Bytes()) + `"}`, false, false},
	} {
		token := withKID(t, jwt.SigningMethodEdDSA, k.ed, "a")
		set := `{"keys":[` + tt.key + `]}`
		v, err := New(t.Context(), Config{KeySets: []Secret{Secret(set)}})
		if taken := err == nil; taken != tt.inFile {
			t.Errorf("%s: file: %v", tt.about, err)
		} else if taken {
			wantReason(t, v, tt.about+", file", token, "")
		}
		want := ReasonKeysUnavailable
		if tt.atAt {
			want = ""
		}
		i := &issuer{answer: respond(200, set)}
		v = newVerifier(t, Config{KeySetURLs: []string{keysURL}, HTTPClient: &http.Client{Transport: i}})
		wantReason(t, v, tt.about+", URL", token, want)
	}
}

func TestSecretsInKeySetsCountOnlyInFiles(t *testing.T) {
	set := fmt.Sprintf(`{"keys":[{"kty":"oct","kid":"s","k":%q},%s]}`, encode(secret), jwk(t))
	token := withKID(t, jwt.SigningMethodHS256, []byte(secret), "s")
	wantReason(t, newVerifier(t, Config{KeySets: []Secret{Secret(set)}}), "file", token, "")

	var log bytes.Buffer
	v := newVerifier(t, Config{
		KeySetURLs: []string{keysURL}, HTTPClient: &http.Client{Transport: &issuer{answer: respond(200, set)}},
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	wantReason(t, v, "URL", token, ReasonAlgorithm)
	wantReason(t, v, "the other key of the set", withKID(t, jwt.SigningMethodEdDSA, keysOnce().ed, "a"), "")
	if !strings.Contains(log.String(), "open to all") || strings.Contains(log.String(), encode(secret)) {
		t.Errorf("log %s", log.String())
	}
}

func TestRSAKeyWithAnyPrivateMemberCountsOnlyInFiles(t *testing.T) {
	k := keysOnce()
	for member, value := range map[string][]byte{"d": k.rsa.D.Bytes(), "p": k.rsa.Primes[0].Bytes(), "dq": k.rsa.Precomputed.Dq.Bytes()} {
		set := fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"r","e":"AQAB","n":%q,%q:%q},%s]}`, encode(k.rsa.N.Bytes()), member, encode(value), jwk(t))
		token := withKID(t, jwt.SigningMethodRS256, k.rsa, "r")
		wantReason(t, newVerifier(t, Config{KeySets: []Secret{Secret(set)}}), member+", file", token, "")

		var log bytes.Buffer
		v := newVerifier(t, Config{
			KeySetURLs: []string{keysURL}, HTTPClient: &http.Client{Transport: &issuer{answer: respond(200, set)}},
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		wantReason(t, v, member+", URL", token, ReasonUnknownKey)
		wantReason(t, v, member+", the other key of the set", withKID(t, jwt.SigningMethodEdDSA, k.ed, "a"), "")
		if !strings.Contains(log.String(), "key 1: a secret or private key, open to all") || strings.Contains(log.String(), encode(value)) {
			t.Errorf("%s: log %s", member, log.String())
		}
	}
}

func TestKeyPinnedToAnAlgorithmTakesNoOther(t *testing.T) {
	k := keysOnce()
	set := strings.Replace(jwks(t, map[string]any{"a": &k.rsa.PublicKey}), `"kid"`, `"alg":"PS256","kid"`, 1)
	v := newVerifier(t, Config{KeySets: []Secret{Secret(set)}})
	wantReason(t, v, "PS256", withKID(t, jwt.SigningMethodPS256, k.rsa, "a"), "")
	wantReason(t, v, "RS256", withKID(t, jwt.SigningMethodRS256, k.rsa, "a"), ReasonAlgorithm)
}

func TestFirstOfTwoKeysOfOneKidCounts(t *testing.T) {
	k := keysOnce()
	other := strings.TrimSuffix(strings.TrimPrefix(jwks(t, map[string]any{"a": &k.rsa.PublicKey}), `{"keys":[`), `]}`)
	var log bytes.Buffer
	v := newVerifier(t, Config{
		KeySets: []Secret{Secret(`{"keys":[` + jwk(t) + `,` + other + `]}`)}, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	wantReason(t, v, "the first", withKID(t, jwt.SigningMethodEdDSA, k.ed, "a"), "")
	wantReason(t, v, "the second", withKID(t, jwt.SigningMethodRS256, k.rsa, "a"), ReasonAlgorithm)
	if !strings.Contains(log.String(), "a kid that an earlier key has") {
		t.Errorf("nothing is said of it: %s", log.String())
	}
}

func TestKeyOfAFileCountsBeforeOneOfAURL(t *testing.T) {
	k := keysOnce()
	v := newVerifier(t, Config{
		KeySets:    []Secret{Secret(jwks(t, map[string]any{"a": k.ed.Public()})), Secret(jwks(t, map[string]any{"a": &k.ec.PublicKey}))},
		KeySetURLs: []string{keysURL}, HTTPClient: &http.Client{Transport: &issuer{answer: respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey}))}},
	})
	wantReason(t, v, "first file", withKID(t, jwt.SigningMethodEdDSA, k.ed, "a"), "")
	wantReason(t, v, "second file", withKID(t, jwt.SigningMethodES256, k.ec, "a"), ReasonAlgorithm)
	wantReason(t, v, "URL", withKID(t, jwt.SigningMethodRS256, k.rsa, "a"), ReasonAlgorithm)
}

func TestFilesAndURLsServeTogether(t *testing.T) {
	k := keysOnce()
	i := &issuer{answer: respond(200, jwks(t, map[string]any{"c": &k.otherRSA.PublicKey}))}
	v := newVerifier(t, Config{
		KeySets: []Secret{
			Secret(jwks(t, map[string]any{"a": k.ed.Public()})),
			Secret(jwks(t, map[string]any{"b": &k.ec.PublicKey})),
		},
		PublicKeys: [][]byte{publicPEM(t, &k.rsa.PublicKey)},
		KeySetURLs: []string{keysURL}, HTTPClient: &http.Client{Transport: i},
	})
	wantReason(t, v, "first file", withKID(t, jwt.SigningMethodEdDSA, k.ed, "a"), "")
	wantReason(t, v, "second file", withKID(t, jwt.SigningMethodES256, k.ec, "b"), "")
	wantReason(t, v, "URL", withKID(t, jwt.SigningMethodRS256, k.otherRSA, "c"), "")
	wantReason(t, v, "public key", withKID(t, jwt.SigningMethodRS256, k.rsa, "whatever"), "")
	wantReason(t, v, "none, without kid", compose(t, jwt.SigningMethodES256, k.otherEC, `{"alg":"ES256"}`, claimsWith(t)), ReasonUnknownKey)
	wantReason(t, v, "none, tried, without kid", compose(t, jwt.SigningMethodRS256, k.otherRSA, `{"alg":"RS256"}`, claimsWith(t)), ReasonSignature)
	wantReason(t, v, "none, by name", withKID(t, jwt.SigningMethodES256, k.otherEC, "z"), ReasonUnknownKey)
}
