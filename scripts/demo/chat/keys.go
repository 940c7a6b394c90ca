package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rollcall-presence/rollcall/auth"
)

// The keys of a cluster: files that "rollcall serve" reads.
const (
	gossipKey = "gossip.key" // encrypts between nodes
	jwtSecret = "jwt.secret" // signs tokens
	adminKey  = "admin.key"  // is what operators show
)

// makeKeys makes those keys that are not in a folder yet, so that nobody runs with keys that
// stand in a repository. Whoever owns the folder can read them. The key of operators is also
// told, for they have to type it in.
func makeKeys(dir string, out io.Writer) error {
	for _, name := range []string{gossipKey, jwtSecret, adminKey} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keys: %w", err)
		}
		if err := makeKey(dir, name); err != nil {
			return fmt.Errorf("keys: %w", err)
		}
	}
	key, err := readKey(dir, adminKey)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the key of operators is %s\n", []byte(key))
	return err
}

// makeKey writes 32 random bytes in base64: whole, or not at all.
func makeKey(dir, name string) error {
	key := make([]byte, 32)
	rand.Read(key) // never fails: it ends the process instead
	part := filepath.Join(dir, name+".part")
	if err := os.WriteFile(part, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o400); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(dir, name))
}

// readKey returns a key as "rollcall serve" reads it.
func readKey(dir, name string) (auth.Secret, error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return auth.Secret(strings.TrimSuffix(string(text), "\n")), nil
}
