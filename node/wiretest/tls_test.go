package wiretest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node"
)

// secure starts a node that speaks TLS. renew gives it another certificate, of a name.
func (w *world) secure() (n *node.Node, renew func(name string)) {
	w.Helper()
	dir := w.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	renew = func(name string) {
		w.Helper()
		certificate(w, name, cert, key)
	}
	renew("first")
	n, end := w.start("secure", func(c *node.Config) { c.TLSCert, c.TLSKey = cert, key })
	w.Cleanup(end)
	return n, renew
}

// certificate writes a new certificate and its key.
func certificate(w *world, name, cert, key string) {
	w.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		w.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		w.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			w.Fatal(err)
		}
	}
}

// handshake opens a TLS connection.
func handshake(addr string, change func(*tls.Config)) (*tls.Conn, error) {
	c := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}
	change(c)
	return tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", addr, c)
}

// dialTLS opens a socket over TLS that says nothing yet.
func (w *world) dialTLS(n *node.Node) (c *client, shown string) {
	w.Helper()
	conn, err := handshake(n.Addr(), func(*tls.Config) {})
	if err != nil {
		w.Fatal(err)
	}
	wire, err := openWire(conn, n.Addr(), "/v1/connect", nil)
	if err != nil {
		w.Fatal(err)
	}
	return w.attach(wire), conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestSocketsOverTLS(t *testing.T) {
	w := newWorld(t)
	n, _ := w.secure()
	c, _ := w.dialTLS(n)
	c.send(`{"type":"hello","token":"` + w.token("alice~") + `"}`)
	c.welcomed("alice~")
	c.join("room~", "alice~")
	c.send(`{"type":"bye"}`)
	c.wantClose(1000)
}

func TestTLSOfTodayAndHTTP11Only(t *testing.T) {
	w := newWorld(t)
	n, _ := w.secure()
	for name, tt := range map[string]struct {
		change func(*tls.Config)
		good   bool
	}{
		"1.1":       {func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, false},
		"1.2":       {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, true},
		"1.3":       {func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, true},
		"only h2":   {func(c *tls.Config) { c.NextProtos = []string{"h2"} }, false},
		"none told": {func(c *tls.Config) { c.NextProtos = nil }, true},
	} {
		conn, err := handshake(n.Addr(), tt.change)
		if (err == nil) != tt.good {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if proto := conn.ConnectionState().NegotiatedProtocol; proto != "http/1.1" && proto != "" {
			t.Errorf("%s: %q was agreed on", name, proto)
		}
		conn.Close()
	}
	plain, err := net.Dial("tcp", n.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	_, _ = io.WriteString(plain, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if r, err := http.ReadResponse(bufio.NewReader(plain), nil); err != nil || r.StatusCode != http.StatusBadRequest {
		t.Errorf("HTTP without TLS is answered with %v, %v", r, err)
	}
}

func TestNewCertificateIsShownWithoutARestart(t *testing.T) {
	w := newWorld(t)
	n, renew := w.secure()
	before, shown := w.dialTLS(n)
	before.send(`{"type":"hello","token":"` + w.token("alice~") + `"}`)
	before.welcomed("alice~")
	if shown != "first" {
		t.Fatalf("the certificate is that of %q", shown)
	}
	renew("second")
	for late := time.After(patience); shown != "second"; {
		select {
		case <-late:
			t.Fatal("the new certificate is not shown")
		case <-time.After(100 * time.Millisecond):
		}
		_, shown = w.dialTLS(n)
	}
	before.alive()
}

// A half-open handshake ends by itself.
func TestHandshakeThatStopsIsClosed(t *testing.T) {
	w := newWorld(t)
	n, _ := w.secure()
	for name, sent := range map[string]string{"nothing": "", "half a hello": "\x16\x03\x01\x02\x00\x01"} {
		conn, err := net.Dial("tcp", n.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, sent)
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: not closed: %v", name, err)
		}
	}
}
