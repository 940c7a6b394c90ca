package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// scenario is the name of one.
type scenario string

func (s *scenario) Decode(ctx *kong.DecodeContext) error {
	token, err := ctx.Scan.PopValue("scenario")
	if err != nil {
		return err
	}
	*s = scenario(fmt.Sprint(token.Value))
	if _, is := scenarios[*s]; !is {
		return fmt.Errorf("%q, want idle, accept, joins, mass, churn, storm or silent", string(*s))
	}
	return nil
}

// play is how one scenario is run, and which flags it takes besides those for all.
type play struct {
	takes string
	run   func(context.Context, load.Options, *loadCommand) (load.Report, error)
}

var scenarios = map[scenario]play{
	"idle": {"clients members duration", func(ctx context.Context, o load.Options, l *loadCommand) (load.Report, error) {
		r, err := load.Idle(ctx, o, load.IdlePlan{Clients: l.clients(1000), Members: l.members(50), Hold: l.duration()})
		return &r, err
	}},
	"accept": {"clients members", func(ctx context.Context, o load.Options, l *loadCommand) (load.Report, error) {
		r, err := load.Accept(ctx, o, load.AcceptPlan{Clients: l.clients(1000), Members: l.members(50)})
		return &r, err
	}},
	"joins": {"members joins", func(ctx context.Context, o load.Options, l *loadCommand) (load.Report, error) {
		r, err := load.Joins(ctx, o, load.JoinsPlan{Members: l.members(100), Joins: cmp.Or(int(l.Joins), 100)})
		return &r, err
	}},
	"mass": {"clients", func(ctx context.Context, o load.Options, l *loadCommand) (load.Report, error) {
		r, err := load.Mass(ctx, o, load.MassPlan{Members: l.clients(1000)})
		return &r, err
	}},
	"churn": {"clients members rate duration", func(ctx context.Context, o load.Options, l *loadCommand) (load.Report, error) {
		r, err := load.Churn(ctx, o, load.ChurnPlan{Clients: l.clients(1000), Members: l.members(50),
			Rate: cmp.Or(float64(l.Rate), 100), For: l.duration(), Seed: uint64(l.Seed)})
		return &r, err
	}},
	"storm": {"clients members jitter grace", func(ctx context.Context, o load.Options, l *loadCommand) (load.Report, error) {
		r, err := load.Storm(ctx, o, load.StormPlan{Clients: l.clients(1000), Members: l.members(50),
			Jitter: given(l.Jitter, 500*time.Millisecond), Grace: given(l.Grace, 3*time.Second), Seed: uint64(l.Seed)})
		return &r, err
	}},
	"silent": {"clients members silent duration", func(ctx context.Context, o load.Options, l *loadCommand) (load.Report, error) {
		clients := l.clients(200)
		r, err := load.Silent(ctx, o, load.SilentPlan{Clients: clients, Members: l.members(50),
			Silent: cmp.Or(int(l.Silent), max(clients/10, 1)), Spread: l.duration(), Longest: 2 * time.Duration(l.Patience), Seed: uint64(l.Seed)})
		return &r, err
	}},
}

func (l *loadCommand) clients(standard int) int { return cmp.Or(int(l.Clients), standard) }

func (l *loadCommand) members(standard int) int { return cmp.Or(int(l.Members), standard) }

func (l *loadCommand) duration() time.Duration { return given(l.Duration, 10*time.Second) }

// given returns a time that may be 0, or the default if there is none.
func given(p *pause, standard time.Duration) time.Duration {
	if p == nil {
		return standard
	}
	return time.Duration(*p)
}

// checkFlags refuses flags that the scenario has no use for: somebody expects something else of it.
func (l *loadCommand) checkFlags(s play) error {
	for flag, given := range map[string]bool{
		"clients": l.Clients > 0, "members": l.Members > 0, "duration": l.Duration != nil, "joins": l.Joins > 0,
		"rate": l.Rate > 0, "silent": l.Silent > 0, "jitter": l.Jitter != nil, "grace": l.Grace != nil,
	} {
		if given && !strings.Contains(" "+s.takes+" ", " "+flag+" ") {
			return &wrongValue{flag: flag, want: fmt.Sprintf("none with %s, which takes --%s", l.Scenario, strings.ReplaceAll(s.takes, " ", ", --"))}
		}
	}
	return nil
}
