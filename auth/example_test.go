package auth_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

func ExampleVerifier() {
	secret := []byte("in real life 32 random bytes or more")
	verifier, err := auth.New(context.Background(), auth.Config{
		Secrets: []auth.Secret{secret},
		Leeway:  auth.DefaultLeeway,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Now()
	token, err := auth.Sign(secret, auth.Claims{User: "alice", Expires: now.Add(time.Hour), Channels: []string{"room.*"}})
	if err != nil {
		fmt.Println(err)
		return
	}

	id, err := verifier.Verify(token, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	rights := auth.DefaultPublic().Rights(id.Rights)
	fmt.Println(id.User, rights.MayJoin("room.1"), rights.MayJoin("lobby"))

	_, err = verifier.Verify(token, now.Add(2*time.Hour))
	fmt.Println(errors.Is(err, auth.ErrExpired))

	var refusal *auth.Refusal
	_, err = verifier.Verify("not.a.token", now)
	fmt.Println(errors.As(err, &refusal), refusal.Reason)
	// Output:
	// alice true false
	// true
	// true malformed
}
