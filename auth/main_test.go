package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
)

// Every test of the package also shows that the refreshing of key sets ends.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	now    = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	secret = Secret("a secret of thirty-two bytes, or more")
)

// testKeys are private keys of every kind, made once for all tests.
type testKeys struct {
	rsa, otherRSA *rsa.PrivateKey
	ec, otherEC   *ecdsa.PrivateKey
	ed            ed25519.PrivateKey
}

var keysOnce = sync.OnceValue(func() testKeys {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var k testKeys
	var err error
	k.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	k.otherRSA, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	k.otherEC, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	_, k.ed, err = ed25519.GenerateKey(rand.Reader)
	must(err)
	return k
})

// publicPEM returns the PEM file of a public key.
func publicPEM(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// compose returns a token of exactly this header and these claims.
func compose(t testing.TB, method jwt.SigningMethod, signWith any, header, claims string) string {
	t.Helper()
	signed := encode([]byte(header)) + "." + encode([]byte(claims))
	signature, err := method.Sign(signed, signWith)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

// composeHS returns a token of exactly these claims under secret.
func composeHS(t testing.TB, claims string) string {
	t.Helper()
	return compose(t, jwt.SigningMethodHS256, []byte(secret), `{"alg":"HS256"}`, claims)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// claimsWith returns good claims of alice, changed by the pairs of name and raw
// JSON; an empty value takes the claim away.
func claimsWith(t testing.TB, pairs ...string) string {
	t.Helper()
	exp, _ := json.Marshal(now.Add(time.Hour).Unix())
	claims := map[string]json.RawMessage{"username": json.RawMessage(`"alice"`), "exp": exp}
	for i := 0; i < len(pairs); i += 2 {
		claims[pairs[i]] = json.RawMessage(pairs[i+1])
		if pairs[i+1] == "" {
			delete(claims, pairs[i])
		}
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func newVerifier(t testing.TB, c Config) *Verifier {
	t.Helper()
	v, err := New(t.Context(), c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return v
}

// reasonOf returns why a token was refused, "" if it was not.
func reasonOf(t testing.TB, err error) Reason {
	t.Helper()
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		t.Fatalf("error %v is a %T, want a *Refusal", err, err)
	}
	if refusal == nil {
		return ""
	}
	if errors.Is(err, ErrExpired) == errors.Is(err, ErrUnauthorized) {
		t.Fatalf("%v is both or none of expired and unauthorized", err)
	}
	return refusal.Reason
}
