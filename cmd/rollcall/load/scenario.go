package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Report is the outcome of a scenario, as far as all have it in common. The types behind it have it
// as fields with JSON tags.
type Report interface {
	// Common is what every scenario has to tell.
	Common() *Result
	// Latencies are what it measured, in the order in which they are to be shown.
	Latencies() []NamedLatency
	// Facts are its other figures.
	Facts() []Fact
}

// NamedLatency is a latency with what it is of.
type NamedLatency struct {
	Name string
	Latency
}

// Fact is one figure, in words.
type Fact struct{ Name, Value string }

// Common returns the result itself.
func (r *Result) Common() *Result { return r }

// Latencies returns none: some scenarios have none.
func (r *Result) Latencies() []NamedLatency { return nil }

// Facts returns none.
func (r *Result) Facts() []Fact { return nil }

// play runs a scenario with a crowd of its own: first make it, then do what it is about. What there
// is to tell is told also if ctx ends, or the server errs.
func play(o Options, name string, r *Result, run func(*crowd) error) error {
	c, err := newCrowd(o)
	if err != nil {
		return err
	}
	defer c.end()
	err = run(c)
	if err == nil || errors.Is(err, errUntold) {
		c.compare()
	}
	*r = c.result(name)
	return errors.Join(err, r.Check.err())
}

// come is how scenarios begin: all clients connect, join their rooms if join is set, and see each other.
func (c *crowd) come(ctx context.Context, join bool, took *arrival) error {
	if err := c.prepare(ctx, c.clients); err != nil {
		return err
	}
	if err := c.phase(ctx, "connect", func() error { return c.enter(ctx, c.clients, join, took) }); err != nil {
		return err
	}
	return c.phase(ctx, "settle", func() error { return c.settle(ctx) })
}

// PlanError means that what was asked for cannot be: nothing was begun.
type PlanError struct{ problem string }

func (e *PlanError) Error() string { return "load: " + e.problem }

func badPlan(format string, args ...any) error { return &PlanError{fmt.Sprintf(format, args...)} }

// atLeast is a bound of a plan.
func atLeast(what string, value, least, most int) error {
	if value < least || value > most {
		return badPlan("%s: %d, want %d to %d", what, value, least, most)
	}
	return nil
}

// errUntold means that clients were not told of something in time. All else stands still by then, so
// what they see can be compared.
var errUntold = errors.New("not told of a change in time")

// allTold waits until done is closed, for a while.
func (c *crowd) allTold(ctx context.Context, done <-chan struct{}, longest time.Duration) error {
	patience := time.NewTimer(longest)
	defer patience.Stop()
	select {
	case <-done:
		return nil
	case <-patience.C:
		return errUntold
	case <-c.options.giveUp:
		return errUntold
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// untold returns why a wait with a timeout has ended: patience was over, or all is.
func untold(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errUntold
	}
	return context.Cause(ctx)
}
