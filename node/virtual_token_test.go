package node

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

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

// wantExpired demands that a request was refused since its token is over.
func wantExpired(t *testing.T, answer *client.Message) {
	t.Helper()
	if answer == nil || answer.Type != "error" || answer.Code != string(protocol.Expired) {
		t.Errorf("the answer is %+v, want an error: the token has expired", answer)
	}
}

func TestTokenThatEndsWhileHelloWaitsOpensNoSession(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.deaf(func(c *Config) { c.Auth.Leeway = 0 })
		b := w.dial(n, "alice")
		b.hello(client.Hello{Token: w.token("alice", time.Second)}) // the node knows its cluster later
		b.wantClosed(time.Minute, protocol.CloseUnauthorized)
		if b.last("welcome") != nil {
			t.Error("alice was welcome with a token that was over")
		}
		refusal := b.last("error")
		if refusal == nil {
			t.Fatal("she is not told why")
		}
		wantExpired(t, refusal.Message)
	})
}

// newKeys is an issuer that has another key from the second answer on, which takes its time.
type newKeys struct {
	slow  time.Duration
	asked atomic.Bool
}

func (k *newKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	if !k.asked.Swap(true) {
		return slowKeys(0).RoundTrip(r)
	}
	time.Sleep(k.slow)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(strings.Replace(oldKey, "old", "new", 1)))}, nil
}

func TestTokenThatEndsWhileItsKeyIsFetchedChangesNothing(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		const slow = 4 * time.Second
		n := w.cluster(1, func(c *Config) {
			c.Auth = auth.Config{Secrets: testAuth.Secrets, KeySetURLs: []string{"https://issuer.example/keys"},
				HTTPClient: &http.Client{Transport: &newKeys{slow: slow}}}
		})[0]
		b := w.open(n, "alice")
		b.join("room")
		seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60") // RFC 8037, appendix A.1
		if err != nil {
			t.Fatal(err)
		}
		short := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"username": "alice", "exp": time.Now().Add(slow / 2).Unix()})
		short.Header["kid"] = "new"
		token, err := short.SignedString(ed25519.NewKeyFromSeed(seed))
		if err != nil {
			t.Fatal(err)
		}
		id := b.ask(client.Request{Type: "token", Token: token})[0]
		w.until("the token is answered", time.Minute, func() bool { return b.answer(id) != nil })
		wantExpired(t, b.answer(id))
		time.Sleep(time.Minute) // with the token that she had before
		b.do(client.Request{Type: "sync", Channel: "room"})
		b.wantUsers("room", "alice")
	})
}
