// Command bench.d measures Rollcall on loopback, and other presence servers beside it: see
// scripts/bench, which builds and runs it.
//
// # Parts
//
//   - compare: one node, the programs that do only the unavoidable part, and the peers, each
//     under the same load: package compare.
//   - crash: when the users of a killed node are seen to leave.
//   - latency: from the frame of who joins or leaves to the frame of who follows, in a cluster
//     of three, both ends in this process, so that one clock tells. In turns with it a bare
//     relay of WebSocket messages is measured, which is the floor on this machine.
//   - following: what it costs to tell many of one user, one of many users, and a stream of
//     events of a large channel.
//   - idle: bytes on the gossip ports, and processor time, while nothing happens, with more
//     and more sessions.
//   - scaling: how costs grow with connections, members of a channel, and nodes.
//
// What processes spend is what the operating system counts; gossip is read off the nodes' /metrics.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/compare"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/limit"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// longest bounds a run, whatever hangs.
const longest = 3 * time.Hour

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	switch {
	case o.relay != "":
		return runRelay(ctx, o.relay, stderr)
	case o.limit != "":
		return limit.Run(ctx, o.limit, stdout, []byte(os.Getenv("PEER_SECRET")))
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	r, err := o.report(ctx, stderr)
	if err != nil {
		return err
	}
	if o.write {
		return r.write()
	}
	if o.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.print(stdout, "")
}

// report measures, or reads what was measured before.
func (o options) report(ctx context.Context, stderr io.Writer) (*report, error) {
	if len(o.from) > 0 {
		return read(o.from)
	}
	return measure(ctx, o.plan, stderr)
}

// measure carries the plan out.
func measure(ctx context.Context, p plan, stderr io.Writer) (*report, error) {
	r := &report{Machine: thisMachine(p.revision), Quick: p.quick}
	p.compare.Say = func(text string) { fmt.Fprintf(stderr, "bench: %s\n", text) }
	for _, part := range p.parts {
		fmt.Fprintf(stderr, "bench: %s …\n", part)
		var err error
		switch part {
		case "compare":
			r.Compare, err = compare.Run(ctx, p.compare)
		case "crash":
			if r.Crash, err = measureCrash(ctx, p); err == nil && r.Compare != nil {
				r.Compare.Note("rollcall", "crash", slices.Max(r.Crash.Last))
			}
		case "latency":
			r.Latency, err = measureLatency(ctx, p)
		case "following":
			r.Following, err = measureFollowing(ctx, p)
		case "idle":
			r.Idle, err = measureIdle(ctx, p)
		case "scaling":
			r.Scaling, err = measureScaling(ctx, p)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
	}
	r.Machine.LoadAfter = loadAverage()
	return r, nil
}
