// Command rollcall runs a presence server, and what one needs around it: keys,
// tokens, and a watcher of channels.
//
// Every command is a struct of flags with a Run method; [run] parses, runs and
// turns errors into exit codes, and touches the world only through [process].
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rollcall-presence/rollcall/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks to end. Then the handler goes, so that a second one
	// kills the process as it would any other.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], process{
		stdout: os.Stdout,
		stderr: os.Stderr,
		lookup: os.LookupEnv,
		serve:  serve,
	})
	os.Exit(code)
}

// serve runs a node until ctx ends, which is a normal end and no error.
func serve(ctx context.Context, c node.Config) error {
	n, err := node.New(c)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}
