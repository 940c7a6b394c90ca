// Command chat is the application of the demo: what a chat brings itself, where Rollcall
// tells who is here.
//
//	chat keys DIR    makes the keys of the cluster in a folder, unless they are there
//	chat serve DIR   serves the page, tokens and messages
//
// # What is whose
//
// The page gets a token here ([tokens]), and shows it to the nodes of Rollcall, which tell it
// who is here, who types and who is idle. Messages are the chat's own: the page posts them
// here, with the same token, and reads them here ([hall]). Neither Rollcall nor this program
// knows of the other; all they share is the secret that signs tokens.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// run does what the command line says, until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "keys":
		return makeKeys(args[1], out)
	case len(args) == 2 && args[0] == "serve":
		return serve(ctx, args[1], ":8000")
	default:
		return errors.New("want: chat keys DIR, or chat serve DIR")
	}
}

// serve serves the chat on an address, with the keys of a folder.
func serve(ctx context.Context, dir, address string) error {
	secret, err := readKey(dir, jwtSecret)
	if err != nil {
		return err
	}
	handler, err := newHandler(secret)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() }) // readers of messages come back by themselves
	defer stop()
	slog.Info("chat is up", "listen", address)
	if err := server.ListenAndServe(); ctx.Err() == nil {
		return err
	}
	return nil
}
