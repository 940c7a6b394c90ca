package node

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// slowKeys is an issuer of one key that takes its time to say so.
type slowKeys time.Duration

// oldKey is the public key of RFC 8037, appendix A.2.
const oldKey = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"old","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

func (d slowKeys) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(time.Duration(d))
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(oldKey))}, nil
}

func TestNobodyIsSilentWhileTheNodeWaitsForAKey(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		const slow = 4 * time.Second
		n := w.cluster(1, func(c *Config) {
			c.Interval, c.Timeout, c.Grace = time.Second, 1500*time.Millisecond, 500*time.Millisecond
			c.Auth = auth.Config{Secrets: testAuth.Secrets, KeySetURLs: []string{"https://issuer.example/keys"},
				HTTPClient: &http.Client{Transport: slowKeys(slow)}}
		})[0]
		b := w.open(n, "alice")
		b.join("room")
		time.Sleep(time.Minute)
		said := time.Now()
		unknown := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"new"}`)) + "." +
			strings.SplitN(w.token("alice", time.Hour), ".", 2)[1]
		id := b.ask(client.Request{Type: "token", Token: unknown})[0]
		w.until("the token is refused", time.Minute, func() bool { return b.answer(id) != nil })
		w.wantAfter("the answer", said, time.Now(), slow, time.Second)
		time.Sleep(5 * time.Second)
		if got := n.acceptor.Stats().Open.Load(); got != 1 {
			t.Errorf("%d sockets are open, want alice's: she had no chance to be heard", got)
		}
		b.wantUsers("room", "alice")
	})
}

func TestTokenThatEndsSoonerThanTheOneBeforeIsHeldToThat(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		b := w.open(w.cluster(1)[0], "alice") // its token is good for long
		b.join("room")
		time.Sleep(time.Second)
		b.ask(client.Request{Type: "token", Token: w.token("alice", 2*time.Second)})
		shown := time.Now()
		b.wantClosed(time.Minute, protocol.CloseUnauthorized)
		w.wantAfter("closed", shown, time.Now(), 2*time.Second+auth.DefaultLeeway-time.Second, time.Second+vSweep)
	})
}
