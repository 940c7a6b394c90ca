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
//   - idle: bytes on the gossip ports while nothing happens, with more and more sessions.
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
	parts       []string
	samples     int           // of each kind of latency
	connections int           // for memory
	joiners     int           // for throughput, each with a channel of its own
	crowd       int           // for throughput, all in one channel
	sessions    []int         // for idle, growing
	look        time.Duration // how long an idle cluster is watched
}

var parts = []string{"memory", "latency", "throughput", "idle"}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	// Half a minute is what memberlist lets pass between two exchanges of its state.
	p := plan{parts: parts, samples: 1000, connections: 2000, joiners: 2000, crowd: 1000,
		sessions: []int{0, 1000, 10_000}, look: 30 * time.Second}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&p.binary, "rollcall", "bin/rollcall", "measure this `program`")
	fs.StringVar(&p.revision, "revision", "unknown", "say that the program is `this`")
	quick := fs.Bool("quick", false, "measure less, in under a minute")
	asJSON := fs.Bool("json", false, "print one JSON object")
	only := fs.String("only", "", "measure one `part`: memory, latency, throughput or idle")
	relay := fs.String("relay", "", "be a relay to the one at this `url`, or to none: \"-\" (used by the bench itself)")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *relay != "" {
		return runRelay(ctx, *relay, stderr)
	}
	if *quick {
		p.samples, p.joiners, p.crowd, p.look = 200, 500, 300, 6*time.Second
	}
	if *only != "" {
		if !slices.Contains(parts, *only) {
			return fmt.Errorf("--only %q, want one of %q", *only, parts)
		}
		p.parts = []string{*only}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	r, err := measure(ctx, p, stderr)
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.print(stdout)
}

// measure carries the plan out.
func measure(ctx context.Context, p plan, stderr io.Writer) (*report, error) {
	r := &report{Machine: thisMachine(p.revision), Quick: p.samples < 1000}
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
