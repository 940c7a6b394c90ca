package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

// keygenCommand is "rollcall keygen".
type keygenCommand struct{}

// Help says where the key goes.
func (keygenCommand) Help() string {
	return `Give the same key to every node, as --gossip-key. It keeps out everybody who does not have it.`
}

// Run prints 32 random bytes in base64.
func (keygenCommand) Run(p process) error {
	_, err := fmt.Fprintln(p.stdout, base64.StdEncoding.EncodeToString(randomBytes(32)))
	return err
}

func randomBytes(n int) []byte {
	key := make([]byte, n)
	rand.Read(key) // never fails: it ends the process instead
	return key
}
