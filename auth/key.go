package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// Bounds of RSA moduli, in bits: below it is weak, above it one token costs too
// much to verify.
const (
	minRSA = 2048
	maxRSA = 8192
)

// The algorithms that keys may take, by the kind of key.
var (
	secretAlgs  = []string{jwt.SigningMethodHS256.Alg()}
	rsaAlgs     = []string{jwt.SigningMethodRS256.Alg(), jwt.SigningMethodPS256.Alg()}
	ecAlgs      = []string{jwt.SigningMethodES256.Alg()}
	ed25519Algs = []string{jwt.SigningMethodEdDSA.Alg()}
	publicAlgs  = slices.Concat(rsaAlgs, ecAlgs, ed25519Algs)
)

// key verifies signatures. Its material fixes the algorithms that it takes.
type key struct {
	material any // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey, as jwt wants it
	algs     []string
}

// newKey returns the key of this material, or why it is none to trust. The errors
// hold nothing of the key.
func newKey(material any) (key, error) {
	switch m := material.(type) {
	case []byte:
		if len(m) == 0 {
			return key{}, errors.New("the secret is empty")
		}
		return key{m, secretAlgs}, nil
	case *rsa.PublicKey:
		if bits := m.N.BitLen(); bits < minRSA || bits > maxRSA {
			return key{}, fmt.Errorf("an RSA key of %d bits, want %d to %d", bits, minRSA, maxRSA)
		}
		if m.E < 3 || m.E%2 == 0 {
			return key{}, errors.New("an RSA key whose exponent is even or below 3")
		}
		return key{m, rsaAlgs}, nil
	case *ecdsa.PublicKey:
		if m.Curve != elliptic.P256() {
			return key{}, fmt.Errorf("an EC key on %s, want P-256", m.Curve.Params().Name)
		}
		return key{m, ecAlgs}, nil
	case ed25519.PublicKey:
		if len(m) != ed25519.PublicKeySize {
			return key{}, fmt.Errorf("an Ed25519 key of %d bytes, want %d", len(m), ed25519.PublicKeySize)
		}
		return key{m, ed25519Algs}, nil
	}
	return key{}, fmt.Errorf("a %T, want an RSA, a P-256 or an Ed25519 public key", material)
}

// takes reports whether tokens of this algorithm may be verified by the key.
func (k key) takes(alg string) bool { return slices.Contains(k.algs, alg) }

// verifies reports whether the key made the signature. The caller has asked takes.
func (k key) verifies(method jwt.SigningMethod, signed string, signature []byte) bool {
	return k.takes(method.Alg()) && method.Verify(signed, signature, k.material) == nil
}
