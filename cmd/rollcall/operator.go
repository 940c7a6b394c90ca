package main

import (
	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
)

// adminURLs are admin addresses of nodes: as URLs, or as "rollcall serve" takes them.
type adminURLs []string

func (a *adminURLs) Decode(ctx *kong.DecodeContext) error {
	const want = "an admin address such as http://127.0.0.1:9090"
	list, err := takeList(ctx, want)
	if err != nil {
		return err
	}
	for _, text := range list {
		address, err := admin.ParseURL(text)
		if err != nil {
			return &wrongValue{flag: ctx.Value.Name, value: text, want: want}
		}
		*a = append(*a, address)
	}
	return nil
}

// operator is how to ask nodes. The variables are those of "rollcall serve", so that
// what is typed beside a node needs no flags.
type operator struct {
	Admin adminURLs `placeholder:"URL" default:"http://127.0.0.1:9090" help:"Admin address of a node, http://HOST:PORT or HOST:PORT."`
	Key   keys      `name:"admin-key" placeholder:"KEY" help:"Bearer key of the admin address, or @file."`
}

// clients returns one for each address.
func (o *operator) clients() (all []*admin.Client) {
	shared := admin.NewHTTP()
	key := ""
	if len(o.Key) > 0 {
		key = string([]byte(o.Key[0])) // any of them is good
	}
	for _, url := range o.Admin {
		all = append(all, &admin.Client{URL: url, Key: key, HTTP: shared})
	}
	return all
}
