package auth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

const keysURL = "https://user:hunter22@issuer.example/jwks"

// issuer is a server of key sets without a network, so that it works on virtual time.
type issuer struct {
	mu       sync.Mutex
	answer   func(*http.Request) (*http.Response, error)
	requests int
}

func (i *issuer) RoundTrip(request *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.requests++
	answer := i.answer
	i.mu.Unlock()
	return answer(request)
}

func (i *issuer) set(answer func(*http.Request) (*http.Response, error)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

func (i *issuer) asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.requests
}

func respond(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(request *http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		recorder.WriteHeader(status)
		recorder.WriteString(body)
		response := recorder.Result()
		response.Request = request
		return response, nil
	}
}

func unreachable(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") }

// stuck answers when the asker gives up.
func stuck(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// jwks returns a key set of public keys by kid.
func jwks(t testing.TB, keys map[string]any) string {
	t.Helper()
	var set jwkset.JWKSMarshal
	for kid, public := range keys {
		jwk, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{KID: kid, USE: jwkset.UseSig},
			Marshal:  jwkset.JWKMarshalOptions{Private: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func withKID(t testing.TB, method jwt.SigningMethod, private any, kid string) string {
	t.Helper()
	return compose(t, method, private, `{"alg":"`+method.Alg()+`","kid":"`+kid+`"}`, claimsWith(t))
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// inBubble runs a test on virtual time with a verifier that knows the issuer alone.
func inBubble(t *testing.T, i *issuer, run func(t *testing.T, v *Verifier, log *logBuffer)) {
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		v, err := New(ctx, Config{
			KeySetURLs: []string{keysURL}, HTTPClient: &http.Client{Transport: i},
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		run(t, v, &log)
		if strings.Contains(log.String(), "hunter22") {
			t.Errorf("the password of the URL is logged: %s", log.String())
		}
	})
}

func wantReason(t *testing.T, v *Verifier, about, token string, want Reason) {
	t.Helper()
	_, err := v.Verify(token, now)
	if got := reasonOf(t, err); got != want {
		t.Errorf("%s: reason %q (%v), want %q", about, got, err, want)
	}
}

func TestUnknownKeyIsAskedForAtABoundedRate(t *testing.T) {
	k := keysOnce()
	i := &issuer{answer: respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey}))}
	inBubble(t, i, func(t *testing.T, v *Verifier, _ *logBuffer) {
		a := withKID(t, jwt.SigningMethodRS256, k.rsa, "a")
		b := withKID(t, jwt.SigningMethodES256, k.ec, "b")
		wantReason(t, v, "the key of the first fetch", a, "")
		if n := i.asked(); n != 1 {
			t.Fatalf("asked %d times at the start, want once", n)
		}

		wantReason(t, v, "a key that is nowhere", b, ReasonUnknownKey)
		i.set(respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey, "b": &k.ec.PublicKey})))
		for range 100 {
			wantReason(t, v, "a key that is new, too soon", b, ReasonUnknownKey)
		}
		if n := i.asked(); n != 2 {
			t.Errorf("asked %d times after 101 unknown kids, want 2", n)
		}
		wantReason(t, v, "a known key meanwhile", a, "")

		time.Sleep(unknownInterval)
		wantReason(t, v, "the new key, later", b, "")
		wantReason(t, v, "the new key again", b, "")
		if n := i.asked(); n != 3 {
			t.Errorf("asked %d times in all, want 3", n)
		}
	})
}

func TestAllWhoCarryANewKeyWaitForTheSameAnswer(t *testing.T) {
	k := keysOnce()
	i := &issuer{answer: respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey}))}
	inBubble(t, i, func(t *testing.T, v *Verifier, _ *logBuffer) {
		rotated := respond(200, jwks(t, map[string]any{"b": &k.ec.PublicKey}))
		i.set(func(request *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return rotated(request)
		})
		b := withKID(t, jwt.SigningMethodES256, k.ec, "b")
		errs := make(chan error)
		for range 50 {
			go func() {
				_, err := v.Verify(b, now)
				errs <- err
			}()
		}
		for range 50 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := i.asked(); n != 2 {
			t.Errorf("asked %d times, want 2", n)
		}
		wantReason(t, v, "the key that was withdrawn", withKID(t, jwt.SigningMethodRS256, k.rsa, "a"), ReasonUnknownKey)
	})
}

func TestKeysStayWhileTheURLIsDown(t *testing.T) {
	k := keysOnce()
	good := respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey}))
	public := `{"kty":"OKP","crv":"Ed25519","kid":"x","x":"` + encode(k.ed.Public().(ed25519.PublicKey)) + `"}`
	for about, answer := range map[string]func(*http.Request) (*http.Response, error){
		"it cannot be reached":        unreachable,
		"it does not answer":          stuck,
		"it has an error":             respond(500, "oops"),
		"it is not there":             respond(404, jwks(t, map[string]any{"b": &k.ec.PublicKey})),
		"its answer is garbage":       respond(200, "<html>\x00\xff"),
		"its answer is empty":         respond(200, ""),
		"its answer is other JSON":    respond(200, `{"error":"maintenance"}`),
		"its answer is null":          respond(200, `null`),
		"it has no keys":              respond(200, `{"keys":[]}`),
		"it has no keys that can do":  respond(200, `{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`),
		"one of its keys is damaged":  respond(200, `{"keys":[`+public+`,{"kty":"RSA","kid":"a","n":"!","e":"AQAB"}]}`),
		"its answer is far too large": respond(200, `{"x":"`+strings.Repeat("x", maxKeySet)+`","keys":[`+public+`]}`),
		"its answer never ends":       endless,
	} {
		t.Run(about, func(t *testing.T) {
			i := &issuer{answer: good}
			inBubble(t, i, func(t *testing.T, v *Verifier, log *logBuffer) {
				i.set(answer)
				time.Sleep(3*time.Hour + refreshInterval/2)
				wantReason(t, v, "the old key hours later", withKID(t, jwt.SigningMethodRS256, k.rsa, "a"), "")
				status := v.KeySets()[0]
				if status.Keys != 1 || status.Failures != 18 || status.Fetches != status.Failures+1 {
					t.Errorf("status %+v", status)
				}
				if !strings.Contains(log.String(), "could not be fetched") {
					t.Errorf("log %s", log.String())
				}
				i.set(respond(200, jwks(t, map[string]any{"b": &k.ec.PublicKey})))
				wantReason(t, v, "a new key once it is up", withKID(t, jwt.SigningMethodES256, k.ec, "b"), "")
			})
		})
	}
}

func TestNodeStartsWhileTheURLIsDown(t *testing.T) {
	k := keysOnce()
	for about, answer := range map[string]func(*http.Request) (*http.Response, error){
		"it cannot be reached": unreachable, "it does not answer": stuck,
	} {
		t.Run(about, func(t *testing.T) {
			i := &issuer{answer: answer}
			inBubble(t, i, func(t *testing.T, v *Verifier, log *logBuffer) {
				if !strings.Contains(log.String(), "level=WARN") {
					t.Errorf("nothing is said of it: %s", log.String())
				}
				a := withKID(t, jwt.SigningMethodRS256, k.rsa, "a")
				wantReason(t, v, "a token meanwhile", a, ReasonKeysUnavailable)
				if s := v.KeySets()[0]; s.Keys != 0 || !s.Fetched.IsZero() || s.URL != "https://user:xxxxx@issuer.example/jwks" {
					t.Errorf("status %+v", s)
				}
				i.set(respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey})))
				time.Sleep(unknownInterval)
				wantReason(t, v, "a token after it is up", a, "")
				if s := v.KeySets()[0]; s.Keys != 1 || s.Fetched.IsZero() {
					t.Errorf("status %+v", s)
				}
			})
		})
	}
}

func TestWithdrawnKeyIsGoneAfterTheRefresh(t *testing.T) {
	k := keysOnce()
	i := &issuer{answer: respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey, "b": &k.ec.PublicKey}))}
	inBubble(t, i, func(t *testing.T, v *Verifier, _ *logBuffer) {
		i.set(respond(200, jwks(t, map[string]any{"b": &k.ec.PublicKey})))
		a := withKID(t, jwt.SigningMethodRS256, k.rsa, "a")
		wantReason(t, v, "before it", a, "")
		time.Sleep(refreshInterval + time.Second)
		wantReason(t, v, "after it", a, ReasonUnknownKey)
	})
}

func TestKidSelectsOnlyAmongKeysThatFit(t *testing.T) {
	k := keysOnce()
	i := &issuer{answer: respond(200, jwks(t, map[string]any{"rsa": &k.rsa.PublicKey, "ec": &k.ec.PublicKey, "ed": k.ed.Public()}))}
	inBubble(t, i, func(t *testing.T, v *Verifier, _ *logBuffer) {
		for _, tt := range []struct {
			about, token string
			want         Reason
		}{
			{"RS256 by an RSA key", withKID(t, jwt.SigningMethodRS256, k.rsa, "rsa"), ""},
			{"PS256 by an RSA key", withKID(t, jwt.SigningMethodPS256, k.rsa, "rsa"), ""},
			{"ES256 by an EC key", withKID(t, jwt.SigningMethodES256, k.ec, "ec"), ""},
			{"EdDSA by an Ed25519 key", withKID(t, jwt.SigningMethodEdDSA, k.ed, "ed"), ""},
			{"RS256 that names an EC key", withKID(t, jwt.SigningMethodRS256, k.rsa, "ec"), ReasonAlgorithm},
			{"ES256 that names an Ed25519 key", withKID(t, jwt.SigningMethodES256, k.ec, "ed"), ReasonAlgorithm},
			{"HS256 that names an RSA key", withKID(t, jwt.SigningMethodHS256, k.rsa.N.Bytes(), "rsa"), ReasonAlgorithm},
			{"RS512 by an RSA key", withKID(t, jwt.SigningMethodRS512, k.rsa, "rsa"), ReasonAlgorithm},
			{"the wrong RSA key", withKID(t, jwt.SigningMethodRS256, k.otherRSA, "rsa"), ReasonSignature},
			{"no kid", compose(t, jwt.SigningMethodRS256, k.rsa, `{"alg":"RS256"}`, claimsWith(t)), ReasonUnknownKey},
		} {
			wantReason(t, v, tt.about, tt.token, tt.want)
		}
		if n := i.asked(); n != 1 {
			t.Errorf("asked %d times, want once: no kid was unknown", n)
		}
	})
}

func TestRedirectsAreBounded(t *testing.T) {
	k := keysOnce()
	good := respond(200, jwks(t, map[string]any{"a": &k.rsa.PublicKey}))
	to := func(location string) func(*http.Request) (*http.Response, error) {
		return func(request *http.Request) (*http.Response, error) {
			if strings.HasSuffix(request.URL.Path, "/final") {
				return good(request)
			}
			response, err := respond(302, "")(request)
			response.Header = http.Header{"Location": {location}}
			return response, err
		}
	}
	for _, tt := range []struct {
		about, location string
		want            Reason
	}{
		{"elsewhere, encrypted", "https://keys.example/final", ""},
		{"to plain HTTP", "http://issuer.example/final", ReasonKeysUnavailable},
		{"in a circle", "https://issuer.example/jwks", ReasonKeysUnavailable},
	} {
		i := &issuer{answer: to(tt.location)}
		inBubble(t, i, func(t *testing.T, v *Verifier, _ *logBuffer) {
			wantReason(t, v, tt.about, withKID(t, jwt.SigningMethodRS256, k.rsa, "a"), tt.want)
		})
		if n := i.asked(); n > 2*(maxRedirects+1) {
			t.Errorf("%s: %d requests for two fetches", tt.about, n)
		}
	}
}

func TestSecretsServeBesideAURL(t *testing.T) {
	i := &issuer{answer: unreachable}
	v := newVerifier(t, Config{Secrets: []Secret{secret}, KeySetURLs: []string{keysURL}, HTTPClient: &http.Client{Transport: i}})
	wantReason(t, v, "a token with a kid of its own", withKID(t, jwt.SigningMethodHS256, []byte(secret), "mine"), "")
	wantReason(t, v, "a wrong secret", compose(t, jwt.SigningMethodHS256, []byte("x"), `{"alg":"HS256"}`, claimsWith(t)), ReasonSignature)
	wantReason(t, v, "a wrong secret with a kid", withKID(t, jwt.SigningMethodHS256, []byte("x"), "mine"), ReasonKeysUnavailable)
	if n := i.asked(); n != 1 {
		t.Errorf("asked %d times, want once: no secret is behind the URL", n)
	}
}

// A real server and the client that is used where none is injected.
func TestKeysComeFromARealServer(t *testing.T) {
	k := keysOnce()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, jwks(t, map[string]any{"a": &k.rsa.PublicKey}))
	}))
	defer server.Close()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v, err := New(ctx, Config{KeySetURLs: []string{server.URL}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "without TLS") {
		t.Errorf("nothing is said of plain HTTP: %s", log.String())
	}
	a := withKID(t, jwt.SigningMethodRS256, k.rsa, "a")
	wantReason(t, v, "its key", a, "")
	cancel()
	wantReason(t, v, "its key after the end of refreshing", a, "")
	wantReason(t, v, "another key then", withKID(t, jwt.SigningMethodES256, k.ec, "b"), ReasonUnknownKey)
}

// endless is a body that goes on for as long as somebody reads it.
func endless(request *http.Request) (*http.Response, error) {
	response, err := respond(200, "")(request)
	response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"keys":[`), spaces{}))
	return response, err
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{' '}, len(p))), nil }
