package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

var secret = auth.Secret("0123456789abcdef0123456789abcdef")

// newChat serves a chat, and returns its address.
func newChat(t *testing.T) string {
	t.Helper()
	handler, err := newHandler(secret)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// send posts a body as JSON, and returns the status and the body of the answer.
func send(t *testing.T, url, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// tokenOf asks for a token.
func tokenOf(t *testing.T, chat, user string) string {
	t.Helper()
	asked, _ := json.Marshal(map[string]string{"user": user})
	status, body := send(t, chat+"/token", "", string(asked))
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(body), &answer); status != http.StatusOK || err != nil {
		t.Fatalf("token of %q: %d %s", user, status, body)
	}
	return answer.Token
}

// listen reads messages after one.
func listen(t *testing.T, chat string, after string) (next func() message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, chat+"/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Last-Event-ID", after)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	return func() (m message) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &m); err != nil {
					t.Fatal(err)
				}
				return m
			}
		}
		t.Fatalf("no message: %v", lines.Err())
		return m
	}
}

func TestATokenIsForTheLobbyAndEndsSoon(t *testing.T) {
	verifier, err := auth.New(t.Context(), auth.Config{Secrets: []auth.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	token := tokenOf(t, newChat(t), "Béla")
	identity, err := verifier.Verify(token, time.Now())
	if err != nil || identity.User != "Béla" || !identity.Rights.MayJoin(lobby) || identity.Rights.MayJoin("room.1") {
		t.Errorf("got %+v, %v; want Béla, who may join the lobby and nothing else", identity, err)
	}
	if _, err := verifier.Verify(token, time.Now().Add(tokenLife+time.Second)); err == nil {
		t.Error("the token is good for longer than tokenLife")
	}
}

func TestNobodySpeaksForSomebodyElse(t *testing.T) {
	chat := newChat(t)
	forged, err := auth.Sign([]byte("another secret, as long as theirs"), auth.Claims{User: "Ada", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "a.b.c", forged} {
		if status, body := send(t, chat+"/messages", token, `{"text":"it is me, Ada"}`); status != http.StatusUnauthorized {
			t.Errorf("with token %q: %d %s, want 401", token, status, body)
		}
	}
	next := listen(t, chat, "")
	send(t, chat+"/messages", tokenOf(t, chat, "Béla"), `{"text":" hello ","user":"Ada"}`)
	if m := next(); m.User != "Béla" || m.Text != "hello" {
		t.Errorf("got %+v, want hello of Béla", m)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	chat := newChat(t)
	token := tokenOf(t, chat, "Ada")
	for _, tt := range []struct {
		path, body string
		status     int
	}{
		{"/token", `{"user":""}`, http.StatusBadRequest},
		{"/token", `{"user":"a\nb"}`, http.StatusBadRequest},
		{"/token", `{"user":`, http.StatusBadRequest},
		{"/token", `{"user":"` + strings.Repeat("a", maxBody) + `"}`, http.StatusRequestEntityTooLarge},
		{"/messages", `{"text":"  "}`, http.StatusBadRequest},
		{"/messages", `{"text":"` + strings.Repeat("a", maxText) + `"}`, http.StatusOK},
		{"/messages", `{"text":"` + strings.Repeat("a", maxText+1) + `"}`, http.StatusBadRequest},
	} {
		if status, answer := send(t, chat+tt.path, token, tt.body); status != tt.status {
			t.Errorf("POST %s %.40s: %d %s, want %d", tt.path, tt.body, status, answer, tt.status)
		}
	}
	response, err := http.Post(chat+"/token", "text/plain", strings.NewReader(`{"user":"Ada"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a form of another site: %s, want 415", response.Status)
	}
}

func TestWhoReadsAgainMissesNothingAndReadsNothingTwice(t *testing.T) {
	chat := newChat(t)
	token := tokenOf(t, chat, "Ada")
	var first message
	_, answer := send(t, chat+"/messages", token, `{"text":"one"}`)
	if err := json.Unmarshal([]byte(answer), &first); err != nil {
		t.Fatal(err)
	}
	send(t, chat+"/messages", token, `{"text":"two"}`)
	next := listen(t, chat, fmt.Sprint(first.ID))
	if m := next(); m.Text != "two" {
		t.Errorf("after %d: got %q, want two", first.ID, m.Text)
	}
	send(t, chat+"/messages", token, `{"text":"three"}`)
	if m := next(); m.Text != "three" {
		t.Errorf("got %q, want three", m.Text)
	}
}

func TestTheHallHasBounds(t *testing.T) {
	h := newHall()
	for range 2 * kept {
		h.say("Ada", "hello")
	}
	if found, _ := h.after(0); len(found) != kept || found[kept-1].ID != h.last {
		t.Errorf("%d messages are kept, want the last %d", len(found), kept)
	}
	for range maxReaders {
		if !h.enter() {
			t.Fatal("a reader was refused before there were maxReaders")
		}
	}
	if h.enter() {
		t.Error("one more reader than maxReaders came in")
	}
	h.leave()
	if !h.enter() {
		t.Error("nobody comes in for who left")
	}
	allowed := 0
	for h.limit.Allow() {
		allowed++
	}
	if allowed < burst || allowed > burst+perSecond*60 {
		t.Errorf("%d messages at once, want about %d", allowed, burst)
	}
}

func TestThePageMayTalkToItsOwnHostOnly(t *testing.T) {
	handler, err := newHandler(secret)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"localhost:8000":         "connect-src 'self' ws://localhost:8000 wss://localhost:8000;",
		"[::1]:8000":             "connect-src 'self' ws://[::1]:8000 wss://[::1]:8000;",
		"evil; script-src *":     "connect-src 'self';",
		strings.Repeat("a", 300): "connect-src 'self';",
	} {
		request, answer := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		request.Host = host
		handler.ServeHTTP(answer, request)
		if policy := answer.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) || strings.Contains(policy, "evil") {
			t.Errorf("host %q: policy %q, want %q", host, policy, want)
		}
		if !strings.Contains(answer.Body.String(), `<main id="chat"`) {
			t.Errorf("host %q: %d, want the page", host, answer.Code)
		}
	}
}

func TestThePageIsWhole(t *testing.T) {
	chat := newChat(t)
	for _, name := range []string{"", "chat.css", "main.js", "people.js", "talk.js", "base.css", "dom.js", "words.js", "icon.svg"} {
		response, err := http.Get(chat + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("/%s: %s", name, response.Status)
		}
	}
}
