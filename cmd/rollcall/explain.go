package main

import (
	"errors"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/node"
)

// wrongValue says that a flag cannot take a value, and what it can.
type wrongValue struct {
	flag  string // without dashes
	value string // empty if it is missing or a secret
	want  string
}

func (w *wrongValue) Error() string {
	if w.value == "" {
		return fmt.Sprintf("--%s: want %s", w.flag, w.want)
	}
	return fmt.Sprintf("--%s is %q, want %s", w.flag, w.value, w.want)
}

// isUsage tells whether an error lies in what was asked for, and so will be the
// same the next time.
func isUsage(err error) bool {
	var flag *wrongValue
	var field *node.ConfigError
	var key *auth.ConfigError
	var plan *load.PlanError
	return errors.As(err, &plan) || errors.As(err, &flag) || errors.As(err, &field) || errors.As(err, &key) || errors.Is(err, auth.ErrNoKeys)
}

// explain returns an error in the words of the command line: with the flag, and
// where its value came from if that was not the command line itself.
func explain(err error, model *kong.Application, from *sources) string {
	flag, text := translate(err, model)
	if origin := from.origins[flag]; origin != "" {
		return origin + ": " + text
	}
	return text
}

// translate returns the flag that an error is about, empty if it is about none,
// and what to tell of it.
func translate(err error, model *kong.Application) (flag, text string) {
	var wrong *wrongValue
	var field *node.ConfigError
	var key *auth.ConfigError
	switch {
	case errors.As(err, &wrong):
	case errors.Is(err, auth.ErrNoKeys), errors.As(err, &field) && field.Field == "Auth":
		wrong = &wrongValue{flag: "jwt-secret", want: "a key to verify tokens with: this one, --jwt-public-key, --jwks-url or --jwks-file"}
	case field != nil:
		wrong = &wrongValue{flag: flagOf(model, field.Field), value: field.Value, want: field.Want}
	case errors.As(err, &key):
		flag = flagOf(model, "Auth."+key.Field)
		if key.Index < 0 { // a flag that takes one
			return flag, fmt.Sprintf("--%s: %v", flag, key.Err)
		}
		return flag, fmt.Sprintf("--%s, value %d: %v", flag, key.Index+1, key.Err)
	default:
		return "", err.Error()
	}
	return wrong.flag, wrong.Error()
}

// flagOf returns the flag that sets a field of node.Config, by its tag "field".
func flagOf(model *kong.Application, field string) string {
	for _, command := range model.Children {
		for _, flag := range command.Flags {
			if flag.Tag.Get("field") == field {
				return flag.Name
			}
		}
	}
	return field
}
