// Command bench.d measures a Rollcall cluster of three real processes on
// loopback: see scripts/bench, which builds and runs it.
//
// # Parts
//
//   - memory: what an idle connection costs the node that holds it, and the others.
//   - latency: from the frame of who joins or leaves to the frame of who follows,
//     both ends in this process, so that one clock tells. In turns with it a bare
//     relay of WebSocket messages is measured, which is the floor on this machine.
//   - throughput: processor time of joins that come as fast as they can.
//   - following: what it costs to tell many of one user, one of many users, and a stream of
//     events of a large channel.
//   - idle: bytes on the gossip ports, and processor time, while nothing happens, with more
//     and more sessions.
//
// Every figure of a node is read off its /metrics.
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
	"strings"
	"syscall"
	"time"
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
const longest = 10 * time.Minute

// plan is how much is measured.
type plan struct {
	binary      string // of rollcall
	revision    string // of it, for the report
	quick       bool
	parts       []string
	samples     int           // of each kind of latency
	connections int           // for memory
	joiners     int           // for throughput, each with a channel of its own
	crowd       int           // for throughput, all in one channel
	sessions    []int         // for idle, growing
	followers   int           // of one user
	followed    int           // by one user
	large       int           // members of a channel with a stream over it
	changes     int           // told to each of these
	look        time.Duration // how long an idle cluster is watched
}

var parts = []string{"memory", "latency", "throughput", "following", "idle"}

// options are what the command line says.
type options struct {
	plan
	json  bool
	relay string // not empty: be a relay, and measure nothing
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	// Half a minute is what memberlist lets pass between two exchanges of its state.
	o.plan = plan{parts: parts, samples: 1000, connections: 2000, joiners: 2000, crowd: 1000,
		followers: 1000, followed: 200, large: 10_000, changes: 200,
		sessions: []int{0, nodes, 1000, 10_000}, look: 30 * time.Second}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.binary, "rollcall", "bin/rollcall", "measure this `program`")
	fs.StringVar(&o.revision, "revision", "unknown", "say that the program is `this`")
	fs.BoolVar(&o.quick, "quick", false, "measure less, in under a minute")
	fs.BoolVar(&o.json, "json", false, "print one JSON object")
	only := fs.String("only", "", "measure one `part`: "+strings.Join(parts, ", "))
	fs.StringVar(&o.relay, "relay", "", "be a relay that is joined to the one at this `url`, or \"-\": to none; the bench starts itself so")
	switch err := fs.Parse(args); {
	case err != nil:
		return o, err
	case fs.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", fs.Arg(0))
	}
	if o.quick {
		o.samples, o.joiners, o.crowd, o.look = 200, 500, 300, 6*time.Second
		o.sessions = []int{0, 1000, 10_000}
		o.followers, o.followed, o.large, o.changes = 200, 50, 1000, 50
	}
	if *only != "" {
		if !slices.Contains(parts, *only) {
			return o, fmt.Errorf("--only %s, want one of %s", *only, strings.Join(parts, ", "))
		}
		o.parts = []string{*only}
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.relay != "" {
		return runRelay(ctx, o.relay, stderr)
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	r, err := measure(ctx, o.plan, stderr)
	if err != nil {
		return err
	}
	if o.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.print(stdout)
}

// measure carries the plan out.
func measure(ctx context.Context, p plan, stderr io.Writer) (*report, error) {
	r := &report{Machine: thisMachine(p.revision), Quick: p.quick}
	for _, part := range p.parts {
		fmt.Fprintf(stderr, "bench: %s …\n", part)
		var err error
		switch part {
		case "memory":
			r.Memory, err = measureMemory(ctx, p)
		case "latency":
			r.Latency, err = measureLatency(ctx, p)
		case "throughput":
			r.Throughput, err = measureThroughput(ctx, p)
		case "following":
			r.Following, err = measureFollowing(ctx, p)
		case "idle":
			r.Idle, err = measureIdle(ctx, p)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
	}
	r.Machine.LoadAfter = load()
	return r, nil
}
