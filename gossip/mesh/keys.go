package mesh

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// keyBytes are the lengths that a gossip key may have: AES-128, AES-192, AES-256.
var keyBytes = []int{16, 24, 32}

// ParseKey reads a gossip key from base64, with or without padding, standard
// or URL alphabet. Its errors never hold the key.
func ParseKey(s string) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	key, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return nil, fmt.Errorf("gossip key of %d characters is not base64", len(s))
	}
	return key, checkKey(key)
}

// NewKey returns a new gossip key of 32 random bytes, in base64 for [ParseKey].
func NewKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return base64.StdEncoding.EncodeToString(key)
}

func checkKey(key []byte) error {
	if !slices.Contains(keyBytes, len(key)) {
		return fmt.Errorf("gossip key of %d bytes, want 16, 24 or 32", len(key))
	}
	return nil
}
