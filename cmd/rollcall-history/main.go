// Command rollcall-history keeps the connections of a cluster's users in a database:
// who was here, from when to when, on which node, and why it ended. Nodes
// forget; this is what remembers, and it may be stopped and started at any time.
//
// It reads the events of one node at a time as changes (package stream), and writes
// them in their order (record, package store).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // something went wrong while it ran
	exitUsage  = 2 // what was asked for cannot be
)

// commands is everything that can be typed.
type commands struct {
	DB database `name:"db" required:"" placeholder:"ADDRESS" env:"ROLLCALL_HISTORY_DB" help:"sqlite:FILE, made if it is not there, or postgres://USER:PASSWORD@HOST/DATABASE."`

	Record recordCommand `cmd:"" default:"withargs" help:"Record what happens, until it is told to end. This is what is done if no command is named."`
	Show   showCommand   `cmd:"" help:"Print what was recorded of a user."`
}

type recordCommand struct {
	URL    []adminURL    `name:"url" required:"" placeholder:"URL" env:"ROLLCALL_HISTORY_URL" help:"Admin address of a node, http://HOST:9090. Several are used in turn, when one fails."`
	Key    secret        `placeholder:"KEY" env:"ROLLCALL_HISTORY_KEY" help:"Bearer key of the admin address, or @file."`
	Resync time.Duration `default:"1h" placeholder:"TIME" env:"ROLLCALL_HISTORY_RESYNC" help:"How often everything is compared anew."`
}

const description = `Keeps in a database who was connected to a Rollcall cluster, from when to when.

    rollcall-history --url http://127.0.0.1:9090 --db sqlite:history.db
    rollcall-history show --user alice --db sqlite:history.db`

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	helped := false
	parser, err := kong.New(new(commands),
		kong.Name("rollcall-history"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		panic(err) // the structs above do not fit together, which no input can cause
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err == nil {
		err = parsed.Run(output{stdout, stderr})
	}
	var usage *kong.ParseError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "rollcall-history: %v\nRun \"rollcall-history --help\" to see what can be.\n", err)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "rollcall-history: %v\n", err)
		return exitFailed
	}
}

// output is where a command writes.
type output struct{ stdout, stderr io.Writer }

// Run records until ctx ends. A database that cannot be had at the start is an
// error; later it is waited for.
func (c *recordCommand) Run(ctx context.Context, all *commands, out output) error {
	s, err := store.Open(ctx, string(all.DB))
	if err != nil {
		return err
	}
	defer s.Close()
	r := &recorder{
		key: string(c.Key), resync: c.Resync, store: s, client: &http.Client{},
		log: slog.New(slog.NewTextHandler(out.stderr, nil)),
	}
	for _, u := range c.URL {
		r.urls = append(r.urls, string(u))
	}
	r.run(ctx)
	return nil
}

// database is an address that [store.Open] understands.
type database string

// Validate refuses any other.
func (d database) Validate() error { return store.Check(string(d)) }

// adminURL is where a node has its HTTP API.
type adminURL string

// Validate refuses what is no such address.
func (a adminURL) Validate() error {
	u, err := url.Parse(string(a))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return errors.New("want http://HOST:PORT or https://HOST")
	}
	return nil
}

// secret is a value that is written out, or as @file. A newline at the end of the
// file is not part of it.
type secret string

// UnmarshalText reads the file.
func (s *secret) UnmarshalText(text []byte) error {
	path, isFile := strings.CutPrefix(string(text), "@")
	if !isFile {
		*s = secret(text)
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("want a file that can be read: %w", err)
	}
	*s = secret(strings.TrimRight(string(data), "\r\n"))
	return nil
}
