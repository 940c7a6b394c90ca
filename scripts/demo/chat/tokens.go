package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

// lobby is the channel of the chat.
const lobby = "lobby"

// tokenLife is how long a token is good for. It is short, as yours should be: clients come
// for a new one by themselves, and whom you do not know any more gets none.
const tokenLife = 5 * time.Minute

// tokens signs and verifies.
type tokens struct {
	secret   auth.Secret
	verifier *auth.Verifier
}

func newTokens(secret auth.Secret) (*tokens, error) {
	verifier, err := auth.New(context.Background(), auth.Config{Secrets: []auth.Secret{secret}, Leeway: auth.DefaultLeeway})
	return &tokens{secret, verifier}, err
}

// issue gives whoever asks a token for the name that stands in the request. A backend of
// yours takes the name of who is logged in instead; this line is all there is to it.
func (t *tokens) issue(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		User string `json:"user"`
	}
	if !read(w, r, &asked) {
		return
	}
	token, err := auth.Sign(t.secret, auth.Claims{User: asked.User, Expires: time.Now().Add(tokenLife), Channels: []string{lobby}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, map[string]string{"token": token})
}

// bearer returns who sends a request, or refuses it.
func (t *tokens) bearer(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	identity, err := t.verifier.Verify(token, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return "", false
	}
	return identity.User, true
}
