package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/auth"
)

// tokenCommand is "rollcall token".
type tokenCommand struct {
	Secret        secrets `required:"" variable:"ROLLCALL_JWT_SECRET" placeholder:"SECRET" help:"HS256 secret of the node, or @file."`
	User          text    `required:"" placeholder:"NAME" help:"Who the token says it is: 1 to 255 bytes."`
	TTL           pause   `name:"ttl" placeholder:"TIME" default:"1h" help:"How long the token is good."`
	Channel       words   `placeholder:"NAME" help:"Channel that may be joined and watched, or a prefix ending in *."`
	Watch         words   `placeholder:"NAME" help:"Channel that may only be watched, or a prefix ending in *."`
	Follow        words   `placeholder:"NAME" help:"User who may be followed, or a prefix ending in *."`
	Profile       object  `placeholder:"JSON" help:"What others are shown of the user, vouched for by the secret."`
	Status        status  `placeholder:"STATUS" help:"Chosen status to begin with: online, away, busy or offline."`
	Issuer        text    `placeholder:"TEXT" help:"Claim iss, where the node demands one."`
	Audience      words   `placeholder:"TEXT" help:"Claim aud, where the node demands one."`
	UsernameClaim text    `placeholder:"CLAIM" default:"username" help:"Claim that names the user."`
}

// status is a chosen status.
type status string

func (s *status) Decode(ctx *kong.DecodeContext) error {
	chosen, err := oneOf(ctx, "online", "away", "busy", "offline")
	*s = status(chosen)
	return err
}

// Help shows what a token is for.
func (tokenCommand) Help() string {
	return `A token without --channel and --watch may use the public channels of the node. Quote the star, or the shell takes it:

    rollcall token --secret @secret.txt --user alice --channel 'room.*' --profile '{"name":"Alice"}'`
}

// Run prints the token.
func (t *tokenCommand) Run(p process) error {
	if err := t.check(); err != nil {
		return err
	}
	now := time.Now()
	token, err := auth.Sign(t.Secret[0], auth.Claims{
		User:          string(t.User),
		UsernameClaim: string(t.UsernameClaim),
		Expires:       now.Add(time.Duration(t.TTL)),
		IssuedAt:      now,
		Issuer:        string(t.Issuer),
		Audience:      t.Audience,
		Channels:      t.Channel,
		Watch:         t.Watch,
		Follow:        t.Follow,
		Profile:       json.RawMessage(t.Profile),
		Status:        string(t.Status),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, token)
	return err
}

// check refuses by name of the flag what [auth.Sign] would refuse by name of the
// claim.
func (t *tokenCommand) check() error {
	if len(t.Secret) > 1 {
		return &wrongValue{flag: "secret", want: "one secret to sign with"}
	}
	if err := auth.CheckName(string(t.User)); err != nil {
		return &wrongValue{flag: "user", value: string(t.User), want: fmt.Sprintf("a name: %v", err)}
	}
	if t.TTL == 0 {
		return &wrongValue{flag: "ttl", value: "0s", want: "more than 0s"}
	}
	for _, list := range []struct {
		flag     string
		patterns words
	}{{"channel", t.Channel}, {"watch", t.Watch}, {"follow", t.Follow}} {
		if _, err := auth.ParsePatterns(list.patterns); err != nil {
			return &wrongValue{flag: list.flag, want: fmt.Sprintf("names, or prefixes ending in *: %v", err)}
		}
	}
	return nil
}
