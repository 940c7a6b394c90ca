package mesh

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// protocol is the version of the streams, as TLS negotiates it.
const protocol = "rollcall-gossip/1"

// ErrDiffers means that the other side of a stream has no gossip key in common
// with this node, or belongs to a cluster of another name.
var ErrDiffers = errors.New("gossip key or cluster name differs")

// identity is how a node proves to its peers that it holds the gossip key, and
// how it recognizes them. Both ends of a stream derive the same Ed25519 keys
// from gossip key and cluster name, so knowing the key is being trusted. TLS
// does all the rest. Fixed once made.
type identity struct {
	label  string      // the cluster's name
	config *tls.Config // nil: no gossip key, streams are plain
}

// newIdentity derives the identity from a key ring, the own key first.
func newIdentity(keys [][]byte, label string) (*identity, error) {
	id := &identity{label: label}
	if len(keys) == 0 {
		return id, nil
	}
	var own ed25519.PrivateKey
	var trusted [][]byte
	for i, key := range keys {
		seed, err := hkdf.Key(sha256.New, key, nil, "rollcall stream identity, cluster "+label, ed25519.SeedSize)
		if err != nil {
			return nil, fmt.Errorf("derive identity: %w", err)
		}
		private := ed25519.NewKeyFromSeed(seed)
		trusted = append(trusted, private.Public().(ed25519.PublicKey))
		if i == 0 {
			own = private
		}
	}
	cert, err := certificate(own)
	if err != nil {
		return nil, err
	}
	id.config = &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{cert},
		NextProtos:             []string{protocol},
		SessionTicketsDisabled: true, // every stream proves the key anew
		ClientAuth:             tls.RequireAnyClientCert,
		// No authority signs these certificates and their dates mean nothing:
		// VerifyConnection compares the key itself, which is stricter.
		InsecureSkipVerify: true,
		VerifyConnection:   func(s tls.ConnectionState) error { return verify(s, trusted) },
	}
	return id, nil
}

// certificate wraps a key into the form that TLS wants. Only the key counts.
func certificate(key ed25519.PrivateKey) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "rollcall node"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280: no expiry
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key) // Ed25519 needs no randomness
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// verify accepts a peer that proved to hold any of the trusted keys.
func verify(s tls.ConnectionState, trusted [][]byte) error {
	if s.NegotiatedProtocol != protocol {
		return fmt.Errorf("peer speaks %q, want %q", s.NegotiatedProtocol, protocol)
	}
	if len(s.PeerCertificates) > 0 {
		if key, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey); ok {
			for _, t := range trusted {
				if bytes.Equal(key, t) {
					return nil
				}
			}
		}
	}
	return ErrDiffers
}

// refusal is what a peer that holds other keys answers during the handshake.
// The alert's own type is not exported, its text is.
var refusal = tls.AlertError(42).Error() // bad_certificate

// explain turns the alert with which a peer refuses this node into [ErrDiffers],
// so that both sides say the same, and leaves other errors as they are.
func explain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" && op.Err.Error() == refusal {
		return fmt.Errorf("%w (%w)", ErrDiffers, err)
	}
	return err
}
