package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/rollcall-presence/rollcall/node/events"
)

const (
	postTime  = 10 * time.Second // of one request, answer included
	maxAnswer = 4 << 10          // bytes of an answer that are read, so that the connection can be used again
)

// SignatureHeader holds what [Sign] returns.
const SignatureHeader = "X-Rollcall-Signature"

// Sign returns the signature of a body: "sha256=" and its HMAC-SHA256 with the secret, in
// lower-case hexadecimal digits.
func Sign(secret, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Target is where events are sent.
type Target struct {
	URL    string
	Secret []byte // empty: nothing is signed
	Agent  string // User-Agent
	Client *http.Client
}

// NewClient returns a client that follows no redirect: what is signed for one address is
// not to go to another.
func NewClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, Timeout: postTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Post sends a batch as a JSON array. Any answer but 2xx is an error, which names neither
// the secret nor the address: both may be secret.
func (t *Target) Post(ctx context.Context, batch []*events.Event) error {
	body := Body(batch)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("webhook: the address is none")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", t.Agent)
	if len(t.Secret) > 0 {
		r.Header.Set(SignatureHeader, Sign(t.Secret, body))
	}
	answer, err := t.Client.Do(r)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return fmt.Errorf("webhook: %d events: %w", len(batch), err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("webhook: %d events are answered %d", len(batch), answer.StatusCode)
	}
	return nil
}

// Body returns a batch as a JSON array.
func Body(batch []*events.Event) []byte {
	body := []byte{'['}
	for i, e := range batch {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, events.Text(e)...)
	}
	return append(body, ']')
}
