package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/auth"
)

// readSecret returns a value that is written out, or as @file. A newline at the
// end of the file is not part of it.
func readSecret(flag, text string) ([]byte, error) {
	path, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		return []byte(text), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &wrongValue{flag: flag, value: text, want: "a file that can be read: " + reason(err)}
	}
	return []byte(strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")), nil
}

// secrets are HS256 secrets. Commas do not cut them apart: they may be part of one.
type secrets []auth.Secret

func (s *secrets) Decode(ctx *kong.DecodeContext) error {
	const want = "a secret that is not empty, or @file"
	texts, err := take(ctx, fmt.Sprintf("%s; one that begins with a dash as --%s=SECRET", want, ctx.Value.Name))
	if err != nil {
		return err
	}
	for _, text := range texts {
		secret, err := readSecret(ctx.Value.Name, text)
		if err != nil {
			return err
		}
		if len(secret) == 0 {
			return &wrongValue{flag: ctx.Value.Name, want: want}
		}
		*s = append(*s, secret)
	}
	return nil
}

// secret is one secret.
type secret auth.Secret

func (s *secret) Decode(ctx *kong.DecodeContext) error {
	var all secrets
	if err := all.Decode(ctx); err != nil {
		return err
	}
	*s = secret(all[len(all)-1])
	return nil
}

// keys are words that must not show; a @file holds one or more, apart by space.
type keys []auth.Secret

func (k *keys) Decode(ctx *kong.DecodeContext) error {
	texts, err := takeList(ctx, "a key or @file")
	if err != nil {
		return err
	}
	for _, text := range texts {
		value, err := readSecret(ctx.Value.Name, text)
		if err != nil {
			return err
		}
		for _, key := range strings.Fields(string(value)) {
			*k = append(*k, auth.Secret(key))
		}
	}
	return nil
}

// base64Keys are keys of 16, 24 or 32 bytes.
type base64Keys []auth.Secret

func (b *base64Keys) Decode(ctx *kong.DecodeContext) error {
	var coded keys
	if err := coded.Decode(ctx); err != nil {
		return err
	}
	for _, text := range coded {
		key, err := base64.StdEncoding.DecodeString(string([]byte(text)))
		if n := len(key); err != nil || n != 16 && n != 24 && n != 32 {
			return &wrongValue{flag: ctx.Value.Name, want: `16, 24 or 32 bytes in base64, as "rollcall keygen" prints them`}
		}
		*b = append(*b, key)
	}
	return nil
}

// pems are public keys, each as @file or written out.
type pems [][]byte

func (p *pems) Decode(ctx *kong.DecodeContext) error {
	const want = "@file with a PEM key"
	texts, err := takeList(ctx, want)
	if err != nil {
		return err
	}
	for _, text := range texts {
		key, err := readSecret(ctx.Value.Name, text)
		if err != nil {
			return err
		}
		if !strings.Contains(string(key), "-----BEGIN ") {
			return &wrongValue{flag: ctx.Value.Name, value: text, want: want}
		}
		*p = append(*p, key)
	}
	return nil
}

// files are the contents of files.
type files []auth.Secret

func (f *files) Decode(ctx *kong.DecodeContext) error {
	texts, err := takeList(ctx, "the path of a file")
	if err != nil {
		return err
	}
	for _, text := range texts {
		data, err := readSecret(ctx.Value.Name, "@"+strings.TrimPrefix(text, "@"))
		if err != nil {
			return err
		}
		*f = append(*f, data)
	}
	return nil
}
