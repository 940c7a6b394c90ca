package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/dev"
	"github.com/rollcall-presence/rollcall/node"
)

// process is what a command may touch of the world.
type process struct {
	stdout io.Writer // what was asked for, and nothing else
	stderr io.Writer // errors, logs and notes
	lookup func(name string) (value string, ok bool)
	serve  func(context.Context, node.Config) error // runs a node until the context ends

	newNode func(node.Config) (dev.Node, error) // makes one for "rollcall dev"
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // something went wrong while it ran
	exitUsage  = 2 // what was asked for cannot be
)

// commands is everything that can be typed.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run a node."`
	Dev     devCommand     `cmd:"" help:"Try it: a whole cluster in one process, with keys made on the spot."`
	Watch   watchCommand   `cmd:"" help:"Print who joins and leaves channels, as it happens."`
	Top     topCommand     `cmd:"" help:"Show what a cluster is doing, as it does it."`
	Verify  verifyCommand  `cmd:"" help:"Compare what all nodes show with what they hold: find ghosts."`
	Load    loadCommand    `cmd:"" help:"Put load on nodes, measure them, and check what they tell."`
	Token   tokenCommand   `cmd:"" help:"Print a token for a user, as your own backend would make it."`
	Keygen  keygenCommand  `cmd:"" help:"Print a new gossip key."`
	Health  healthCommand  `cmd:"" help:"Ask the node on this machine whether it lets clients in."`
	Version versionCommand `cmd:"" help:"Print the version."`

	Help helpFlag `short:"h" help:"Show what can be typed here."`
}

const description = `Rollcall tells who is here, right now, across a cluster of equal nodes.

See it in a minute:

    rollcall dev

Every flag can also be given as an environment variable, named beside it.`

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, p process) int {
	from := &sources{lookup: p.lookup}
	parser, err := newParser(p, from)
	if err != nil {
		panic(err) // the structs above do not fit together, which no input can cause
	}
	if len(args) == 0 {
		return help(parser, p)
	}
	parsed, err := parser.Parse(args)
	switch {
	case errors.Is(err, errHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(p.stderr, "rollcall: %s\n", explain(err, parser.Model, from))
		fmt.Fprintf(p.stderr, "Run \"%s --help\" to see what can be.\n", commandName(err))
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(p); err != nil {
		fmt.Fprintf(p.stderr, "rollcall: %s\n", explain(err, parser.Model, from))
		if isUsage(err) || errors.Is(err, errUnasked) {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}

func newParser(p process, from *sources) (*kong.Kong, error) {
	parser, err := kong.New(new(commands),
		kong.Name("rollcall"),
		kong.Description(description),
		kong.Writers(p.stdout, p.stderr),
		kong.NoDefaultHelp(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.ValueFormatter(describe),
		kong.ExplicitGroups([]kong.Group{
			{Key: "node", Title: "This node:"},
			{Key: "cluster", Title: "Cluster:"},
			{Key: "tokens", Title: "Tokens (at least one key is needed):"},
			{Key: "presence", Title: "Presence:"},
			{Key: "sockets", Title: "Sockets:"},
			{Key: "events", Title: "Events:"},
			{Key: "log", Title: "Log:"},
		}),
		kong.Resolvers(from),
	)
	if err != nil {
		return nil, err
	}
	for _, flag := range parser.Model.Flags {
		if flag.Name == "help" {
			parser.Model.HelpFlag = flag
		}
	}
	return parser, nil
}

// helpFlag is --help. Unlike kong's own it ends the parsing, not the process.
type helpFlag bool

var errHelp = errors.New("help was asked for")

// BeforeReset prints the help of the command that --help stands behind.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	if err := ctx.PrintUsage(false); err != nil {
		return err
	}
	return errHelp
}

// help answers a bare "rollcall": that is no command, but a question.
func help(parser *kong.Kong, p process) int {
	parser.Stdout = p.stderr
	if ctx, err := kong.Trace(parser, []string{"--help"}); err == nil {
		ctx.PrintUsage(false)
	}
	return exitUsage
}

// describe returns the help of a flag with its default and variable.
func describe(v *kong.Value) string {
	text := v.Help
	if v.Flag == nil || v.Flag.Name == "help" {
		return text
	}
	standard := v.Tag.Get("otherwise")
	if v.HasDefault {
		standard = v.Default
	}
	if standard != "" {
		text += " Default " + standard + "."
	}
	return text + " $" + variable(v.Flag)
}

// commandName returns the command that a parse failed in.
func commandName(err error) string {
	var failed *kong.ParseError
	if errors.As(err, &failed) && failed.Context != nil && failed.Context.Selected() != nil {
		return strings.Fields("rollcall " + failed.Context.Selected().Path())[0] + " " + failed.Context.Selected().Name
	}
	return "rollcall"
}
