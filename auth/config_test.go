package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWrongConfigSaysWhichValueAndWhy(t *testing.T) {
	k := keysOnce()
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	private, err := x509.MarshalPKCS8PrivateKey(k.ed)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	odd := new(big.Int).SetBit(big.NewInt(1), 1023, 1)
	goodPEM := publicPEM(t, k.ed.Public())
	files := func(values ...[]byte) Config { return Config{PublicKeys: values} }
	set := func(text string) Config { return Config{KeySets: []Secret{Secret(text)}} }
	for _, tt := range []struct {
		about string
		c     Config
		field string
		index int
		why   string
	}{
		{"an empty secret", Config{Secrets: []Secret{secret, nil}}, "Secrets", 1, "empty"},
		{"no PEM", files([]byte("ssh-ed25519 AAAA")), "PublicKeys", 0, "BEGIN PUBLIC KEY"},
		{"an empty file", files(goodPEM, nil), "PublicKeys", 1, "no PEM block"},
		{"a private key", files(block("PRIVATE KEY", private)), "PublicKeys", 0, "-pubout"},
		{"an old private key", files(block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k.rsa))), "PublicKeys", 0, "-pubout"},
		{"a certificate", files(block("CERTIFICATE", []byte{0})), "PublicKeys", 0, "-pubkey"},
		{"another block", files(block("EC PARAMETERS", []byte{0})), "PublicKeys", 0, "EC PARAMETERS"},
		{"a damaged key", files(block("PUBLIC KEY", []byte{1, 2, 3})), "PublicKeys", 0, "damaged"},
		{"half a second key", files(append(goodPEM, "-----BEGIN PUBLIC KEY-----\nAA"...)), "PublicKeys", 0, "after the last"},
		{"P-384", files(publicPEM(t, &p384.PublicKey)), "PublicKeys", 0, "P-384, want P-256"},
		{"RSA of 1024 bits", files(publicPEM(t, &rsa.PublicKey{N: odd, E: 65537})), "PublicKeys", 0, "1024 bits, want 2048"},
		{"RSA of 16384 bits", files(publicPEM(t, &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 16383, 1), E: 65537})), "PublicKeys", 0, "16384 bits"},
		{"an even exponent", files(block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: k.rsa.N, E: 4}))), "PublicKeys", 0, "exponent"},
		{"a set that is no JSON", set("<html>"), "KeySets", 0, "keys"},
		{"a set without keys", set(`{"keys":[]}`), "KeySets", 0, "no key"},
		{"JSON of something else", set(`{"error":"x"}`), "KeySets", 0, "no key"},
		{"a set with a damaged key", set(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"!"}]}`), "KeySets", 0, "key 1"},
		{"an address without scheme", Config{KeySetURLs: []string{"example.com/jwks"}}, "KeySetURLs", 0, "https://"},
		{"an address of a file", Config{KeySetURLs: []string{"file:///etc/passwd"}}, "KeySetURLs", 0, "https://"},
		{"an empty address", Config{KeySetURLs: []string{""}}, "KeySetURLs", 0, "https://"},
		{"an empty issuer", Config{Secrets: []Secret{secret}, Issuers: []string{"us", ""}}, "Issuers", 1, "empty"},
		{"an empty audience", Config{Secrets: []Secret{secret}, Audiences: []string{""}}, "Audiences", 0, "empty"},
		{"a claim that means something else", Config{Secrets: []Secret{secret}, UsernameClaim: "channels"}, "UsernameClaim", -1, "channels"},
		{"a negative leeway", Config{Secrets: []Secret{secret}, Leeway: -1}, "Leeway", -1, "want 0 to"},
		{"too much leeway", Config{Secrets: []Secret{secret}, Leeway: time.Hour}, "Leeway", -1, "1h0m0s, want 0 to"},
	} {
		_, err := New(t.Context(), tt.c)
		var wrong *ConfigError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: error %v, want a *ConfigError", tt.about, err)
			continue
		}
		if wrong.Field != tt.field || wrong.Index != tt.index || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want %s, index %d, %q", tt.about, err, tt.field, tt.index, tt.why)
		}
	}
	if _, err := New(t.Context(), Config{Issuers: []string{"us"}}); !errors.Is(err, ErrNoKeys) {
		t.Errorf("without keys: %v, want ErrNoKeys", err)
	}
}

func TestKeyFilesOfBothFormsAreRead(t *testing.T) {
	k := keysOnce()
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey)})
	for about, file := range map[string][]byte{
		"PKCS #1":                   pkcs1,
		"PKIX":                      publicPEM(t, &k.rsa.PublicKey),
		"with words ahead":          append([]byte("Our key:\n"), pkcs1...),
		"with white space after it": append(pkcs1, "\r\n \n"...),
	} {
		if _, err := New(t.Context(), Config{PublicKeys: [][]byte{file}}); err != nil {
			t.Errorf("%s: %v", about, err)
		}
	}
}

func TestValueIsReadFromItselfOrAFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return "@" + path
	}
	for _, tt := range []struct{ about, value, want string }{
		{"a plain value", "hunter22 ", "hunter22 "},
		{"an @ inside", "a@b", "a@b"},
		{"a file", file("plain", "hunter22"), "hunter22"},
		{"one newline is trimmed", file("newline", "hunter22\n"), "hunter22"},
		{"a newline of Windows is trimmed", file("crlf", "hunter22\r\n"), "hunter22"},
		{"and no second one", file("two", "hunter22\n\n"), "hunter22\n"},
		{"nor a lone carriage return", file("cr", "hunter22\r"), "hunter22\r"},
		{"nor space", file("space", " hunter22 \n"), " hunter22 "},
	} {
		got, err := ReadValue(tt.value)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.about, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ about, value, why string }{
		{"empty", "", "empty"},
		{"no path", "@", "no file"},
		{"no such file", "@" + filepath.Join(dir, "missing"), "missing"},
		{"a folder", "@" + dir, dir},
		{"an empty file", file("empty", "\n"), "empty"},
		{"a huge file", file("huge", strings.Repeat("x", maxValueFile+1)), "too large"},
	} {
		if got, err := ReadValue(tt.value); err == nil || !strings.Contains(err.Error(), tt.why) || got != "" {
			t.Errorf("%s: %q, %v, want %q", tt.about, got, err, tt.why)
		}
	}
}
