// Command rollcall runs a presence server, and what one needs around it: keys, tokens,
// a watcher of channels, and for operators a picture of the cluster and a check of it.
//
// Every command is a struct of flags with a Run method; [run] parses, runs and
// turns errors into exit codes, and touches the world only through [process].
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/dev"
	"github.com/rollcall-presence/rollcall/node"
)

func main() {
	ctx, end := context.WithCancel(context.Background())
	// Room for both: NotifyContext loses a second signal that comes before its
	// handler is gone.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		end()
		die(<-signals)
	}()
	code := run(ctx, os.Args[1:], process{
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		lookup:  os.LookupEnv,
		serve:   serve,
		newNode: func(c node.Config) (dev.Node, error) { return node.New(c) },
	})
	os.Exit(code)
}

// die ends the process at once, by a signal as it would end any other.
func die(by os.Signal) {
	signal.Reset(by)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(by)
	}
	if err != nil {
		os.Exit(exitFailed) // where processes are not ended by signals
	}
}

// serve runs a node until ctx ends, which is a normal end and no error.
func serve(ctx context.Context, c node.Config) error {
	n, err := node.New(c)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}
