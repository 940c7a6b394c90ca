package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// certificateEvery is the time between two looks at the files of a certificate. They are
// read whole: a date or a size may stay the same, and a link may point elsewhere.
const certificateEvery = 5 * time.Second

// certificate is the one of the public address, as its files hold it. get may be
// called concurrently.
type certificate struct {
	cert, key string // paths
	log       *slog.Logger
	now       atomic.Pointer[tls.Certificate]

	// Owned by newCertificate, then by watch.
	seen  [2][]byte // contents that were tried last
	wrong string    // what the last look met with; empty: nothing
}

// newCertificate reads a certificate with its key.
func newCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log}
	if _, err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil }

// reload takes the pair that the files hold. It reports whether it is another one.
func (c *certificate) reload() (changed bool, err error) {
	var found [2][]byte
	for i, path := range []string{c.cert, c.key} {
		if found[i], err = os.ReadFile(path); err != nil {
			return false, err
		}
	}
	if bytes.Equal(found[0], c.seen[0]) && bytes.Equal(found[1], c.seen[1]) {
		return false, nil
	}
	c.seen = found
	pair, err := tls.X509KeyPair(found[0], found[1])
	if err != nil {
		return false, fmt.Errorf("%s and %s: %w", c.cert, c.key, err)
	}
	c.now.Store(&pair)
	return true, nil
}

// watch reloads the certificate when its files change, until ctx ends. A pair that is
// no good, as in the middle of a change, is told once, and the one before stays.
func (c *certificate) watch(ctx context.Context) {
	ticker := time.NewTicker(certificateEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.look()
	}
}

// look reloads once, and tells what there is to tell.
func (c *certificate) look() {
	changed, err := c.reload()
	before := c.wrong
	c.wrong = ""
	if err != nil {
		c.wrong = err.Error()
	}
	switch {
	case c.wrong != "" && c.wrong != before:
		c.log.Warn("new TLS certificate is no good, the one before stays", "error", err)
	case changed:
		c.log.Info("TLS certificate reloaded", "subject", c.now.Load().Leaf.Subject.String(), "until", c.now.Load().Leaf.NotAfter)
	}
}
