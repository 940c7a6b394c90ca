package auth

import (
	"crypto"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func BenchmarkVerify(b *testing.B) {
	k := keysOnce()
	for _, bb := range []struct {
		method  jwt.SigningMethod
		private any
	}{
		{jwt.SigningMethodHS256, []byte(secret)},
		{jwt.SigningMethodRS256, k.rsa},
		{jwt.SigningMethodPS256, k.rsa},
		{jwt.SigningMethodES256, k.ec},
		{jwt.SigningMethodEdDSA, k.ed},
	} {
		b.Run(bb.method.Alg(), func(b *testing.B) {
			c := Config{Secrets: []Secret{secret}}
			if signer, ok := bb.private.(crypto.Signer); ok {
				c = Config{PublicKeys: [][]byte{publicPEM(b, signer.Public())}}
			}
			v := newVerifier(b, c)
			claims := claimsWith(b, "channels", `["room.*","lobby"]`, "profile", `{"name":"Alice"}`)
			token := compose(b, bb.method, bb.private, `{"alg":"`+bb.method.Alg()+`","typ":"JWT"}`, claims)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(token, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
