package deploy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// patience ends a hang; nothing waits for it.
const patience = time.Minute

// told is what a node tells on /metrics: the values of each label of each metric.
type told map[string]map[string][]string

var (
	sample = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)
	pair   = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// ask returns what a real node tells.
func ask(t *testing.T) told { return read(scrape(t)) }

// scrape returns /metrics of a real node that has all there is: a certificate, and webhooks to send.
func scrape(t *testing.T) string {
	t.Helper()
	cert, key := certificate(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	n, err := node.New(node.Config{
		Name: "a", Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Gossip: "127.0.0.1:0", Drain: node.NoDrain,
		Auth:    auth.Config{Secrets: []auth.Secret{auth.Secret(strings.Repeat("s", 32))}},
		TLSCert: cert, TLSKey: key, WebhookURL: receiver.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- n.Run(ctx) }()
	defer func() {
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
	}()
	for late := time.Now().Add(patience); ; {
		text := get(t, "http://"+n.AdminAddr()+"/metrics")
		if strings.Contains(text, "\nrollcall_webhook_queued ") { // the last part to begin
			return text
		}
		if time.Now().After(late) {
			t.Fatal("webhooks do not begin")
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func read(text string) told {
	all := told{}
	for _, line := range sample.FindAllStringSubmatch(text, -1) {
		name := line[1]
		if all[name] == nil {
			all[name] = map[string][]string{}
		}
		for _, label := range pair.FindAllStringSubmatch(line[2], -1) {
			all[name][label[1]] = append(all[name][label[1]], label[2])
		}
	}
	return all
}

// certificate writes one and its key into files.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
}
