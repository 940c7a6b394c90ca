package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// JoinsPlan is one user who joins and leaves a channel of others, again and again, at rest.
type JoinsPlan struct {
	Members int           // who are there all the while, 1 to 1,000,000
	Joins   int           // and as many leaves
	Pause   time.Duration // after all were told; 0: 30 ms, or 25 µs for each member if that is more, so that no server gathers one change with the next
	Apart   bool          // read the Meter after each, to tell joins from leaves: only where that costs the servers nothing
}

// JoinsResult has the phases "connect", "settle" and "joins".
type JoinsResult struct {
	Result
	Members    int     `json:"members"`
	JoinFirst  Latency `json:"join_first"`  // from the joiner's frame until the first member was told
	JoinLast   Latency `json:"join_last"`   // until the last was
	Roster     Latency `json:"roster"`      // until the joiner had the whole roster
	LeaveFirst Latency `json:"leave_first"` // from the leaver's frame
	LeaveLast  Latency `json:"leave_last"`
	Told       int64   `json:"told"`                            // members who were told, of all joins and leaves together
	PerTold    float64 `json:"cpu_us_per_told,omitempty"`       // of the servers, if there is a Meter
	PerJoin    float64 `json:"cpu_us_per_told_join,omitempty"`  // of joins only, if they are told apart
	PerLeave   float64 `json:"cpu_us_per_told_leave,omitempty"` //
}

// Joins measures how long it takes, and what it costs, to tell the members of a channel of a join and of
// a clean leave.
func Joins(ctx context.Context, o Options, plan JoinsPlan) (r JoinsResult, err error) {
	if err := errors.Join(atLeast("members", plan.Members, 1, maxClients), atLeast("joins", plan.Joins, 1, 1_000_000)); err != nil {
		return r, err
	}
	if plan.Pause == 0 {
		plan.Pause = max(30*time.Millisecond, time.Duration(plan.Members)*25*time.Microsecond)
	}
	r.Members = plan.Members
	j := &joiner{members: plan.Members, pause: plan.Pause, apart: plan.Apart, joins: newSpread(), leaves: newSpread(), roster: newStopwatch()}
	err = play(o, "joins", &r.Result, func(c *crowd) error { return j.run(ctx, c, plan.Joins) })
	r.JoinFirst, r.JoinLast, r.Roster = j.joins.first.latency(), j.joins.last.latency(), j.roster.latency()
	r.LeaveFirst, r.LeaveLast, r.Told = j.leaves.first.latency(), j.leaves.last.latency(), j.told
	r.PerJoin, r.PerLeave = j.costs[0].perTold(), j.costs[1].perTold()
	for _, p := range r.Phases {
		if p.Name == "joins" && r.Told > 0 {
			r.PerTold = p.CPU * 1e6 / float64(r.Told)
		}
	}
	return r, err
}

// spread is until when the first and the last of many were told of a change.
type spread struct{ first, last *stopwatch }

func newSpread() spread { return spread{newStopwatch(), newStopwatch()} }

// cost is what the servers spent on changes.
type cost struct {
	told int64
	cpu  time.Duration
}

// perTold returns microseconds.
func (c cost) perTold() float64 {
	if c.told == 0 {
		return 0
	}
	return c.cpu.Seconds() * 1e6 / float64(c.told)
}

// joiner is who comes and goes, and who listens to the members.
type joiner struct {
	*client
	members       int
	pause         time.Duration
	apart         bool
	joins, leaves spread
	costs         [2]cost // of joins and of leaves
	roster        *stopwatch
	told          int64

	mu          sync.Mutex // guards the change that is being told of
	kind        kind
	untold      int // members; 0: nothing is being told of
	first, last time.Time
	in          time.Time     // when the whole roster was there
	done        chan struct{} // closed when all were told
}

func (j *joiner) run(ctx context.Context, c *crowd, joins int) error {
	c.addRoom(j.members + 1)
	last := len(c.clients) - 1
	members := c.clients[:last]
	j.client = c.clients[last]
	if err := c.prepare(ctx, c.clients); err != nil {
		return err
	}
	if err := c.phase(ctx, "connect", func() error { return c.enterApart(ctx, members, c.clients[last:]) }); err != nil {
		return err
	}
	if err := c.phase(ctx, "settle", func() error { return c.settle(ctx) }); err != nil {
		return err
	}
	c.listen(j.hear)
	return c.phase(ctx, "joins", func() error {
		var done atomic.Int64
		defer c.watchProgress("joins", joins, func() int { return int(done.Load()) })()
		for ; done.Load() < int64(joins); done.Add(1) {
			if err := j.once(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// once joins and leaves.
func (j *joiner) once(ctx context.Context) error {
	j.room.note(j.user, true)
	if err := j.change(ctx, joined, j.join, j.joins, &j.costs[0]); err != nil {
		return err
	}
	j.room.note(j.user, false)
	return j.change(ctx, left, j.leave, j.leaves, &j.costs[1])
}

// change makes a change and waits until all members were told, and the joiner has a roster.
func (j *joiner) change(ctx context.Context, k kind, make func() (time.Time, error), took spread, of *cost) error {
	before, err := j.spent(ctx)
	if err != nil {
		return err
	}
	done := j.expect(k)
	begun, err := make()
	if err != nil {
		return err
	}
	if err := j.crowd.allTold(ctx, done, j.crowd.options.Patience); err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		return fmt.Errorf("%d of %d members: %w", j.untold, j.members, err)
	}
	took.first.add(j.first.Sub(begun))
	took.last.add(j.last.Sub(begun))
	if j.told += int64(j.members); k == joined {
		j.roster.add(j.in.Sub(begun))
	}
	if err := Sleep(ctx, j.pause); err != nil {
		return err
	}
	after, err := j.spent(ctx)
	if j.apart {
		of.told, of.cpu = of.told+int64(j.members), of.cpu+after-before
	}
	return err
}

// spent is what the servers have spent so far, if joins and leaves are told apart.
func (j *joiner) spent(ctx context.Context) (time.Duration, error) {
	if !j.apart {
		return 0, nil
	}
	u, err := j.crowd.meter(ctx)
	return u.CPU, err
}

func (j *joiner) expect(k kind) <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kind, j.untold, j.first, j.in, j.done = k, j.members, time.Time{}, time.Time{}, make(chan struct{})
	return j.done
}

// hear takes note of what members are told.
func (j *joiner) hear(e event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case e.client == j.client && j.in.IsZero() && (e.seen > j.members || e.kind == counted):
		j.in = e.at // some servers have the members tell of themselves, one by one
	case e.client == j.client || e.kind != joined && e.kind != left:
		return
	case e.kind != j.kind || e.user != j.user-j.room.first || j.untold == 0:
		j.crowd.checks.stray(e)
		return
	default:
		if j.untold--; j.first.IsZero() {
			j.first = e.at
		}
		j.last = e.at
	}
	if j.untold == 0 && j.done != nil && (j.kind == left || !j.in.IsZero()) {
		close(j.done)
		j.done = nil
	}
}

// Latencies returns those of joins and of leaves.
func (r *JoinsResult) Latencies() []NamedLatency {
	return []NamedLatency{{"join, first told", r.JoinFirst}, {"join, last told", r.JoinLast}, {"join, roster", r.Roster},
		{"leave, first told", r.LeaveFirst}, {"leave, last told", r.LeaveLast}}
}

// Facts returns how many were told.
func (r *JoinsResult) Facts() []Fact {
	facts := []Fact{{"told", fmt.Sprintf("%d", r.Told)}}
	if r.PerTold > 0 {
		facts = append(facts, Fact{"CPU for each told", fmt.Sprintf("%.1f µs", r.PerTold)})
	}
	return facts
}
