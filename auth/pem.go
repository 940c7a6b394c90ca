package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// parsePEM returns the public keys of a PEM file, at least one. The errors say
// what to do about the files that people hand over by mistake.
func parsePEM(text []byte) ([]key, error) {
	var keys []key
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		k, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
		text = rest
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("no PEM block found, want -----BEGIN PUBLIC KEY-----")
	case len(bytes.TrimSpace(text)) > 0:
		return nil, errors.New("text after the last PEM block, which may be a damaged key")
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (key, error) {
	var material any
	var err error
	switch {
	case block.Type == "PUBLIC KEY":
		material, err = x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		material, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return key{}, errors.New("a private key, want the public one (openssl pkey -in FILE -pubout); no node needs the private key")
	case block.Type == "CERTIFICATE":
		return key{}, errors.New("a certificate, want its public key (openssl x509 -in FILE -noout -pubkey)")
	default:
		return key{}, fmt.Errorf("a PEM block %q, want PUBLIC KEY", block.Type)
	}
	if err != nil {
		return key{}, fmt.Errorf("a damaged public key: %w", err)
	}
	return newKey(material)
}
