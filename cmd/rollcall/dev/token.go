package dev

import (
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

// TokenLife is how long tokens are good for.
const TokenLife = 12 * time.Hour

// Token signs a token of a user, which all nodes of the cluster take.
func (d *Cluster) Token(user string) (string, error) {
	if err := auth.CheckName(user); err != nil {
		return "", fmt.Errorf("the name %w", err)
	}
	return auth.Sign(d.secret, auth.Claims{User: user, Expires: time.Now().Add(TokenLife)})
}
