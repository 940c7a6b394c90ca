package node

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfSigned returns a certificate of that name with its key, both in PEM.
func selfSigned(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// pair is the two files of a certificate.
type pair struct {
	*testing.T
	cert, key string
}

func newPair(t *testing.T) pair {
	dir := t.TempDir()
	return pair{t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
}

func (p pair) write(cert, key []byte) {
	p.Helper()
	for path, data := range map[string][]byte{p.cert: cert, p.key: key} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			p.Fatal(err)
		}
	}
}

func TestCertificateIsReadAgainAndABrokenOneIsToldOnce(t *testing.T) {
	files := newPair(t)
	oldCert, oldKey := selfSigned(t, "old")
	newCert, newKey := selfSigned(t, "new")
	files.write(oldCert, oldKey)
	var log bytes.Buffer
	c, err := newCertificate(files.cert, files.key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name      string
		cert, key []byte
		want      string // whose certificate is shown then
		logged    string // once, in two looks; empty: nothing
	}{
		{"as it was", oldCert, oldKey, "old", ""},
		{"half of a new pair", newCert, oldKey, "old", "no good"},
		{"the other half", newCert, newKey, "new", "reloaded"},
		{"an empty file", nil, newKey, "new", "no good"},
		{"another mistake", []byte("nonsense"), newKey, "new", "no good"},
		{"as before", newCert, newKey, "new", "reloaded"},
		{"back", oldCert, oldKey, "old", "reloaded"},
	} {
		files.write(step.cert, step.key)
		log.Reset()
		c.look()
		c.look()
		got, _ := c.get(nil)
		if name := got.Leaf.Subject.CommonName; name != step.want {
			t.Errorf("%s: the certificate is that of %s, want %s", step.name, name, step.want)
		}
		if lines := strings.Count(log.String(), "\n"); step.logged == "" && lines != 0 || step.logged != "" && (lines != 1 || !strings.Contains(log.String(), step.logged)) {
			t.Errorf("%s: logged %q, want one line with %q", step.name, log.String(), step.logged)
		}
	}
	for range 2 { // a file that is away is told each time that it goes
		log.Reset()
		if err := os.Remove(files.key); err != nil {
			t.Fatal(err)
		}
		c.look()
		c.look()
		if strings.Count(log.String(), "no good") != 1 {
			t.Errorf("logged %q, want once that the file is away", log.String())
		}
		files.write(oldCert, oldKey)
		c.look()
	}
}

func TestCertificateThatCannotServeIsAWrongConfig(t *testing.T) {
	files := newPair(t)
	cert, _ := selfSigned(t, "a")
	_, key := selfSigned(t, "b")
	for name, c := range map[string]Config{
		"TLSKey":  {TLSCert: files.cert},
		"TLSCert": {TLSKey: files.key},
	} {
		c.Auth = testAuth
		wrong := new(ConfigError)
		if err := c.Validate(); !errors.As(err, &wrong) || wrong.Field != name {
			t.Errorf("got %v, want that %s is missing", err, name)
		}
	}
	for name, write := range map[string]func(){
		"no files":         func() {},
		"another's key":    func() { files.write(cert, key) },
		"no certificate":   func() { files.write(nil, key) },
		"key in its stead": func() { files.write(key, key) },
	} {
		write()
		_, err := New(Config{Auth: testAuth, TLSCert: files.cert, TLSKey: files.key, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Gossip: "127.0.0.1:0"})
		wrong := new(ConfigError)
		if !errors.As(err, &wrong) || wrong.Field != "TLSCert" || wrong.Value != files.cert || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: got %v, want that the certificate is wrong", name, err)
		}
	}
}
