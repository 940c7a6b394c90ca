package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/compare"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/process"
)

// plan is how much is measured.
type plan struct {
	binary    string // of rollcall
	revision  string // of it, for the report
	quick     bool
	parts     []string
	compare   compare.Plan
	lost      int           // users on a node that is killed
	kills     int           // of such a node
	samples   int           // of each kind of latency
	sessions  []int         // for idle, growing
	followers int           // of one user
	followed  int           // by one user
	large     int           // members of a channel with a stream over it
	changes   int           // told to each of these
	look      time.Duration // how long an idle cluster is watched
	grow      sizes
}

var parts = []string{"compare", "crash", "latency", "following", "idle", "scaling"}

// fullPlan is what the figures of the README are of. Half a minute is what memberlist lets
// pass between two exchanges of its state.
func fullPlan() plan {
	const look = 30 * time.Second
	return plan{parts: parts, lost: 200, kills: 5, samples: 1000,
		followers: 1000, followed: 200, large: 10_000, changes: 200,
		sessions: []int{0, nodes, 1000, 10_000}, look: look,
		grow: sizes{[]int{1000, 2000, 5000, 10_000, 15_000}, []int{10, 100, 1000, 5000, 20_000}, []int{1, 3, 5},
			100, 2000, 1000, 1000, 10 * time.Second, look}}
}

// possible returns sizes of which none needs more files than a process may open, of which a
// node keeps nearly a tenth to itself: what is too large becomes the largest round number that is not.
func possible(sizes []int, files int) []int {
	most := files / 10 * 9 / 1000 * 1000
	var some []int
	for _, n := range sizes {
		if n = min(n, most); n > 0 && !slices.Contains(some, n) {
			some = append(some, n)
		}
	}
	return some
}

// quickPlan is less of all. It kills no node, for which there is no quick way.
func quickPlan() plan {
	const look = 3 * time.Second
	p := fullPlan()
	p.quick, p.parts = true, []string{"compare", "latency", "following", "idle", "scaling"}
	p.kills, p.samples, p.look = 1, 100, look
	p.sessions, p.followers, p.followed, p.large, p.changes = []int{0, 1000}, 200, 50, 1000, 50
	p.grow = sizes{[]int{1000, 3000}, []int{10, 1000}, []int{1, 3}, 20, 500, 300, 300, 3 * time.Second, look}
	return p
}

// options are what the command line says.
type options struct {
	plan
	json  bool
	write bool
	from  []string // reports to show instead of measuring
	relay string   // not empty: be a relay, and measure nothing
	limit string   // not empty: be a limit program of this kind, on that port
}

// choices are the flags that choose what is compared.
type choices struct {
	against string
	peers   string
	rounds  int
	look    time.Duration
	only    []string
	figures []string
	systems []string
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	o.plan = fullPlan()
	files := process.OpenFiles()
	o.grow.members, o.grow.connections = possible(o.grow.members, files), possible(o.grow.connections, files)
	var c choices
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.binary, "rollcall", "bin/rollcall", "measure this `program`")
	fs.StringVar(&o.revision, "revision", "unknown", "say that the program is `this`")
	fs.BoolVar(&o.quick, "quick", false, "measure less, in under two minutes")
	fs.BoolVar(&o.json, "json", false, "print one JSON object")
	fs.BoolVar(&o.write, "write", false, "write tables and charts into the README instead of printing them")
	list(fs, &o.from, "from", "measure nothing, but show what --json printed to these `files`, as one")
	fs.StringVar(&c.against, "against", "", "compare with this `program` too, such as a build from before")
	fs.StringVar(&c.peers, "with", "", "compare with the peers in this `folder` too")
	fs.IntVar(&c.rounds, "rounds", 0, "compare in this `number` of rounds (default 3, quick: 1)")
	fs.DurationVar(&c.look, "look", 0, "watch the idle connections that are compared for this `time` (default 1m, quick: 5s)")
	list(fs, &c.only, "only", "measure these `parts`: "+strings.Join(parts, ", "))
	list(fs, &c.figures, "figures", "compare these `figures`: "+strings.Join(compare.Parts, ", "))
	list(fs, &c.systems, "systems", "compare these `systems`: rollcall, against, limit, epoll, socketio, faye, socketcluster")
	fs.StringVar(&o.relay, "relay", "", "be a relay that is joined to the one at this `url`, or \"-\": to none; the bench starts itself so")
	fs.StringVar(&o.limit, "limit", "", "be a limit program of this `kind`; the bench starts itself so")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", fs.Arg(0))
	}
	if o.quick {
		full := o.plan
		o.plan = quickPlan()
		o.binary, o.revision = full.binary, full.revision
	}
	return o, o.choose(c)
}

// list is a flag that takes several values, with commas.
func list(fs *flag.FlagSet, to *[]string, name, usage string) {
	fs.Func(name, usage, func(text string) error {
		*to = append(*to, strings.Split(text, ",")...)
		return nil
	})
}

// choose fills in what is compared.
func (o *options) choose(c choices) (err error) {
	p := compare.Plan{Peers: c.peers, Rounds: 3, Scale: compare.Full()}
	if o.quick {
		p.Rounds, p.Scale = 1, compare.Quick()
	}
	if c.look > 0 {
		p.Scale.Look = c.look
	}
	if c.rounds != 0 {
		p.Rounds = c.rounds
	}
	if p.Rounds < 1 {
		return fmt.Errorf("--rounds %d, want 1 or more", p.Rounds)
	}
	p.Systems = []compare.System{compare.Rollcall("rollcall", "Rollcall", o.binary)}
	if c.against != "" {
		p.Systems = append(p.Systems, compare.Rollcall("against", "Rollcall, the other program", c.against))
	}
	p.Systems = append(p.Systems, compare.Limits()...)
	if c.peers != "" {
		if err := compare.CheckPeers(c.peers); err != nil {
			return err
		}
		p.Systems = append(p.Systems, compare.Peers()...)
	}
	name := func(s compare.System) string { return s.Name }
	if p.Systems, err = chosen("--systems", p.Systems, name, c.systems); err != nil {
		return err
	}
	// To wait for silence takes minutes.
	if o.quick && len(c.figures) == 0 {
		c.figures = slices.DeleteFunc(slices.Clone(compare.Parts), func(part string) bool { return part == "silent" })
	}
	same := func(s string) string { return s }
	if p.Parts, err = chosen("--figures", compare.Parts, same, c.figures); err != nil {
		return err
	}
	o.compare = p
	if len(c.only) > 0 {
		o.parts, err = chosen("--only", parts, same, c.only)
	}
	return err
}

// chosen returns those of all that are named, in their own order; all, if none is.
func chosen[T any](flag string, all []T, name func(T) string, names []string) ([]T, error) {
	if len(names) == 0 {
		return all, nil
	}
	var some []T
	var known []string
	for _, one := range all {
		if known = append(known, name(one)); slices.Contains(names, name(one)) {
			some = append(some, one)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, errors.New(flag + " " + n + ", want " + strings.Join(known, ", "))
		}
	}
	return some, nil
}
