package auth

import (
	"crypto"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// signers are the algorithms that keys here may take, and what signs with them.
func signers() []struct {
	method  jwt.SigningMethod
	private any
} {
	k := keysOnce()
	return []struct {
		method  jwt.SigningMethod
		private any
	}{
		{jwt.SigningMethodHS256, []byte(secret)},
		{jwt.SigningMethodRS256, k.rsa},
		{jwt.SigningMethodPS256, k.rsa},
		{jwt.SigningMethodES256, k.ec},
		{jwt.SigningMethodEdDSA, k.ed},
	}
}

// benchClaims are those of a chat page's token.
func benchClaims(b *testing.B) string {
	return claimsWith(b, "iat", "1760000000", "iss", `"https://chat.example"`, "channels", `["room.*","lobby"]`, "profile", `{"name":"Alice","avatar":"/a/123.png"}`)
}

// BenchmarkVerify prints what a token costs, for each algorithm, and what of that is its
// signature alone, which cannot be saved. There is no cache: each hello brings a token.
func BenchmarkVerify(b *testing.B) {
	claims := benchClaims(b)
	for _, bb := range signers() {
		c, public := Config{Secrets: []Secret{secret}}, bb.private
		if signer, ok := bb.private.(crypto.Signer); ok {
			public = signer.Public()
			c = Config{PublicKeys: [][]byte{publicPEM(b, public)}}
		}
		v := newVerifier(b, c)
		token := compose(b, bb.method, bb.private, `{"alg":"`+bb.method.Alg()+`","typ":"JWT"}`, claims)
		b.Run(bb.method.Alg(), func(b *testing.B) { verify(b, v, token, "") })

		signed := token[:strings.LastIndexByte(token, '.')]
		signature, _ := bb.method.Sign(signed, bb.private)
		b.Run(bb.method.Alg()+"/signature alone", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bb.method.Verify(signed, signature, public); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerifyByName is BenchmarkVerify of a token that names one of the keys of a set.
func BenchmarkVerifyByName(b *testing.B) {
	k := keysOnce()
	keys := jwks(b, map[string]any{"other": k.otherEC.Public(), "one": k.ec.Public()})
	v := newVerifier(b, Config{KeySets: []Secret{Secret(keys)}})
	token := compose(b, jwt.SigningMethodES256, k.ec, `{"alg":"ES256","kid":"one","typ":"JWT"}`, benchClaims(b))
	verify(b, v, token, "")
}

// BenchmarkRefuse prints what it costs to turn away a token: what anybody can send.
func BenchmarkRefuse(b *testing.B) {
	v := newVerifier(b, Config{Secrets: []Secret{secret}})
	claims := benchClaims(b)
	for _, bb := range []struct {
		name, token string
		want        Reason
	}{
		{"forged", compose(b, jwt.SigningMethodHS256, []byte("another secret of 32 bytes length"), `{"alg":"HS256"}`, claims), ReasonSignature},
		{"unsigned", compose(b, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, `{"alg":"none"}`, claims), ReasonAlgorithm},
		{"expired", composeHS(b, claimsWith(b, "exp", "1")), ReasonExpired},
		{"large", strings.Repeat("x", MaxToken+1), ReasonTooLarge},
	} {
		b.Run(bb.name, func(b *testing.B) { verify(b, v, bb.token, bb.want) })
	}
}

// verify verifies a token over and over, which has to be refused for that reason.
func verify(b *testing.B, v *Verifier, token string, want Reason) {
	if _, err := v.Verify(token, now); reasonOf(b, err) != want {
		b.Fatalf("%v, want %q", err, want)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = v.Verify(token, now)
	}
}
