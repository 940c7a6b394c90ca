package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/node/events"
)

func TestSignatureIsAnHMACOfTheBody(t *testing.T) {
	// RFC 4231, test case 2.
	got := Sign([]byte("Jefe"), []byte("what do ya want for nothing?"))
	if want := "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestABatchIsASignedArray(t *testing.T) {
	secret := []byte("sesame")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var all []events.Event
		if err := json.Unmarshal(body, &all); err != nil || len(all) != 2 || all[1].User != "</alice>" {
			t.Errorf("body %s: %v", body, err)
		}
		if r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get(SignatureHeader) != Sign(secret, body) {
			t.Errorf("%s with %v", r.Method, r.Header)
		}
	}))
	defer server.Close()
	target := Target{URL: server.URL, Secret: secret, Client: NewClient(server.Client().Transport)}
	if err := target.Post(context.Background(), []*events.Event{{ID: "1"}, {ID: "2", User: "</alice>"}}); err != nil {
		t.Error(err)
	}
}

func TestAnythingBut2xxIsAFailureThatTellsNoSecret(t *testing.T) {
	var followed bool
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	mux.HandleFunc("/followed", func(http.ResponseWriter, *http.Request) { followed = true })
	mux.Handle("/redirect", http.RedirectHandler("/followed", http.StatusTemporaryRedirect))
	mux.HandleFunc("/error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	})
	client := NewClient(server.Client().Transport)
	post := func(url string) error {
		target := Target{URL: url, Secret: []byte("sesame"), Client: client}
		return target.Post(context.Background(), []*events.Event{{ID: "1"}})
	}
	for _, path := range []string{"/redirect", "/error", "/none"} {
		if err := post(server.URL + path + "?key=sesame"); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v, want an error that tells no secret", path, err)
		}
	}
	if err := post(server.URL + "/endless"); err != nil {
		t.Errorf("an answer of 200 without end: %v, want it taken, since its head says all", err)
	}
	server.CloseClientConnections()
	server.Close()
	if err := post(server.URL + "/?key=sesame"); err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("nobody listens: %v, want an error that tells no secret", err)
	}
	if followed {
		t.Error("a redirect was followed")
	}
}
