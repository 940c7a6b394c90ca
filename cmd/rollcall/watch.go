package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/alecthomas/kong"
)

// watchCommand is "rollcall watch".
type watchCommand struct {
	URL     urls       `name:"url" required:"" placeholder:"URL" help:"WebSocket address of a node, such as ws://127.0.0.1:8080/v1/connect. Several: whichever answers."`
	Token   tokenValue `placeholder:"TOKEN" help:"Token, or @file, which is read again whenever a token is needed."`
	Join    toggle     `help:"Be a member of the channels, not only a watcher: others see you come and go."`
	Data    object     `placeholder:"JSON" help:"With --join: what the other members are shown."`
	JSON    toggle     `name:"json" help:"One JSON object a line, for machines."`
	Channel []string   `arg:"" name:"channel" help:"Channels to watch."`
}

// Help shows what is printed.
func (watchCommand) Help() string {
	return `First a line for everybody who is here, then one for each change. What happens to the connection itself is told on stderr; it is made again for as long as it takes, and what happened meanwhile is told as differences.

    rollcall watch --url ws://127.0.0.1:8080/v1/connect --token @alice.jwt room.1
    rollcall watch --url ws://127.0.0.1:8080/v1/connect --token @alice.jwt --json room.1 | jq .user

Ctrl-C says bye: with --join, others see the leave at once.`
}

// Run watches until ctx ends, or the node refuses for good.
func (w *watchCommand) Run(ctx context.Context, p process) error {
	if w.Data != nil && !w.Join {
		return &wrongValue{flag: "data", value: string(w.Data), want: "--join beside it: only members have data"}
	}
	var out printer = &textPrinter{w: p.stdout}
	if w.JSON {
		out = &jsonPrinter{json.NewEncoder(p.stdout)}
	}
	return newWatcher(w, out, p.stderr).run(ctx)
}

// urls are addresses of nodes.
type urls []string

func (u *urls) Decode(ctx *kong.DecodeContext) error {
	const want = "an address such as ws://127.0.0.1:8080/v1/connect"
	list, err := takeList(ctx, want)
	if err != nil {
		return err
	}
	for _, text := range list {
		address, err := url.Parse(text)
		if err != nil || address.Host == "" || address.Scheme != "ws" && address.Scheme != "wss" {
			return &wrongValue{flag: ctx.Value.Name, value: text, want: want}
		}
		if address.User != nil || address.RawQuery != "" { // shown in errors and to proxies
			return &wrongValue{flag: ctx.Value.Name, want: "an address without a token in it, for which there is --token"}
		}
		if strings.Trim(address.Path, "/") == "" {
			address.Path = "/v1/connect" // the one path there is
		}
		*u = append(*u, address.String())
	}
	return nil
}

// tokenValue is a token, or @file where one is to be found.
type tokenValue string

// String hides the token.
func (tokenValue) String() string { return "[secret]" }

func (t *tokenValue) Decode(ctx *kong.DecodeContext) error {
	s, err := takeOne(ctx, "a token or @file")
	*t = tokenValue(s)
	return err
}

// read returns the token as it is now.
func (t tokenValue) read() (string, error) {
	token, err := readSecret("token", string(t))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(token)), nil
}

// check reads the token once, so that a wrong file is told at the start.
func (t tokenValue) check() error {
	token, err := t.read()
	if err == nil && t != "" && token == "" {
		err = fmt.Errorf("the file holds no token")
	}
	return err
}
