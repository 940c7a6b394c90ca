package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// ChurnPlan is joins and leaves at a fixed rate, however slow the server is: who is kept waiting
// does not make the others come later.
type ChurnPlan struct {
	Clients int           // half of each channel stay and watch, half come and go; 2 to 1,000,000
	Members int           // of each channel, 2 to 1,000,000
	Rate    float64       // joins and leaves a second, together; up to 100,000
	For     time.Duration // how long
	Seed    uint64        // decides who
}

// ChurnResult has the phases "connect", "settle" and "churn", and "calm" at the end.
type ChurnResult struct {
	Result
	Rate       float64 `json:"rate"`    // that was asked for, a second
	Changes    int     `json:"changes"` // that were made
	JoinFirst  Latency `json:"join_first"`
	JoinLast   Latency `json:"join_last"` // from when the join was due until the last who stays was told
	LeaveFirst Latency `json:"leave_first"`
	LeaveLast  Latency `json:"leave_last"`
	Late       Latency `json:"late"`    // by how much changes were made after they were due
	Blocked    int     `json:"blocked"` // changes that were late because all who could make them were still being told of
	PerChange  float64 `json:"cpu_us_per_change,omitempty"`
}

// Churn has users join and leave at a rate. Latencies are from when a change was due, so a
// server that stops for a second is seen to be late for all that was due in it.
func Churn(ctx context.Context, o Options, plan ChurnPlan) (r ChurnResult, err error) {
	if err := errors.Join(atLeast("clients", plan.Clients, 2, maxClients), atLeast("members", plan.Members, 2, maxClients)); err != nil {
		return r, err
	}
	if !(plan.Rate > 0 && plan.Rate <= 100_000) || plan.For <= 0 {
		return r, badPlan("rate %v for %v, want more than 0 and up to 100,000 a second, for more than 0s", plan.Rate, plan.For)
	}
	ch := &churn{plan: plan, random: rand.New(rand.NewPCG(plan.Seed, 0)), freed: make(chan struct{}, 1),
		joins: newSpread(), leaves: newSpread(), late: newStopwatch()}
	err = play(o, "churn", &r.Result, func(c *crowd) error { return ch.run(ctx, c) })
	r.Rate, r.Changes, r.Blocked, r.Late = plan.Rate, ch.made, ch.blocked, ch.late.latency()
	r.JoinFirst, r.JoinLast = ch.joins.first.latency(), ch.joins.last.latency()
	r.LeaveFirst, r.LeaveLast = ch.leaves.first.latency(), ch.leaves.last.latency()
	for _, p := range r.Phases {
		if p.Name == "churn" && r.Changes > 0 {
			r.PerChange = p.CPU * 1e6 / float64(r.Changes)
		}
	}
	return r, err
}

// change is what is being told of one user.
type change struct {
	due     time.Time
	kind    kind // joined or left
	untold  int  // of those who stay
	first   bool // nobody was told yet
	pending bool // not all were told, or the user has no answer
	answer  bool // the user waits for her roster
}

// churn listens to all channels, and makes the changes.
type churn struct {
	plan          ChurnPlan
	random        *rand.Rand // owned by run
	joins, leaves spread
	late          *stopwatch
	made, blocked int // owned by run

	freed chan struct{} // somebody has become free

	mu      sync.Mutex // guards the rest
	changes []change   // by user
	stay    []int      // by user: how many stay in her channel; 0: she is one of them
	free    []*client  // who may join or leave next
	busy    int
}

func (ch *churn) run(ctx context.Context, c *crowd) error {
	c.addRooms(ch.plan.Clients, ch.plan.Members)
	ch.changes, ch.stay = make([]change, len(c.clients)), make([]int, len(c.clients))
	var stayers, others []*client
	for _, one := range c.clients {
		stay := (one.room.size + 1) / 2
		if one.user-one.room.first < stay {
			stayers = append(stayers, one)
			continue
		}
		others = append(others, one)
		ch.stay[one.user] = stay
	}
	if err := c.prepare(ctx, c.clients); err != nil {
		return err
	}
	half := len(others) / 2
	err := c.phase(ctx, "connect", func() error {
		return c.enterApart(ctx, slices.Concat(stayers, others[:half]), others[half:])
	})
	if err != nil {
		return err
	}
	if err := c.phase(ctx, "settle", func() error { return c.settle(ctx) }); err != nil {
		return err
	}
	ch.free = others
	c.listen(ch.hear)
	if err := c.phase(ctx, "churn", func() error { return ch.drive(ctx, c) }); err != nil {
		return err
	}
	return c.phase(ctx, "calm", func() error { return errors.Join(ch.calm(ctx, c), c.settle(ctx)) })
}

// drive makes each change when it is due, or as soon afterwards as somebody is free to make it.
func (ch *churn) drive(ctx context.Context, c *crowd) error {
	begun := time.Now()
	total := int(ch.plan.Rate * ch.plan.For.Seconds())
	defer c.watchProgress("churn, seconds", int(ch.plan.For/time.Second), func() int { return int(time.Since(begun) / time.Second) })()
	for ; ch.made < total; ch.made++ {
		due := begun.Add(time.Duration(float64(ch.made) / ch.plan.Rate * float64(time.Second)))
		if err := sleepUntil(ctx, due); err != nil {
			return err
		}
		one, err := ch.take(ctx, c.options.Patience)
		if err != nil {
			return err
		}
		ch.late.add(time.Since(due))
		if err := ch.turn(one, due); err != nil {
			return err
		}
	}
	return nil
}

// take takes one of those who are free.
func (ch *churn) take(ctx context.Context, patience time.Duration) (*client, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for waited := false; ; waited = true {
		ch.mu.Lock()
		if n := len(ch.free); n > 0 {
			i := ch.random.IntN(n)
			one := ch.free[i]
			ch.free[i] = ch.free[n-1]
			ch.free = ch.free[:n-1]
			ch.busy++
			ch.mu.Unlock()
			return one, nil
		}
		ch.mu.Unlock()
		if !waited {
			ch.blocked++
		}
		select {
		case <-ch.freed:
		case <-ctx.Done():
			return nil, fmt.Errorf("all who come and go: %w", untold(ctx))
		}
	}
}

// turn has a user join, or leave.
func (ch *churn) turn(one *client, due time.Time) error {
	joins := one.where() == outside
	now := change{due: due, kind: left, untold: ch.stay[one.user], first: true, pending: true}
	if joins {
		now.kind, now.answer = joined, true
	}
	ch.mu.Lock()
	ch.changes[one.user] = now
	ch.mu.Unlock()
	one.room.note(one.user, joins)
	var err error
	if joins {
		_, err = one.join()
	} else {
		_, err = one.leave()
	}
	return err
}

// hear takes note of what those who stay are told, and of the rosters of those who come.
func (ch *churn) hear(e event) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	c := e.client.crowd
	switch e.kind {
	case entered:
		if now := &ch.changes[e.client.user]; now.pending {
			now.answer = false
			ch.finish(e.client, now)
		}
	case joined, left:
		user := e.client.room.first + e.user
		now := &ch.changes[user]
		if ch.stay[e.client.user] > 0 {
			return // not one of those who stay
		}
		if !now.pending || now.kind != e.kind || now.untold == 0 {
			c.checks.stray(e)
			return
		}
		ch.told(now, e.at)
		ch.finish(c.clients[user], now)
	}
}

// told counts one who was told.
func (ch *churn) told(now *change, at time.Time) {
	took := ch.joins
	if now.kind == left {
		took = ch.leaves
	}
	if now.first {
		now.first = false
		took.first.add(at.Sub(now.due))
	}
	if now.untold--; now.untold == 0 {
		took.last.add(at.Sub(now.due))
	}
}

// finish lets a user make another change, once all were told of this one.
func (ch *churn) finish(one *client, now *change) {
	if now.untold > 0 || now.answer {
		return
	}
	now.pending = false
	ch.free = append(ch.free, one)
	ch.busy--
	select {
	case ch.freed <- struct{}{}:
	default:
	}
}

// calm waits until all were told of everything.
func (ch *churn) calm(ctx context.Context, c *crowd) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Patience)
	defer cancel()
	for {
		ch.mu.Lock()
		busy := ch.busy
		ch.mu.Unlock()
		if busy == 0 {
			return nil
		}
		select {
		case <-ch.freed:
		case <-ctx.Done():
			return fmt.Errorf("%d changes: %w", busy, untold(ctx))
		}
	}
}

// Latencies returns those of joins and of leaves.
func (r *ChurnResult) Latencies() []NamedLatency {
	return []NamedLatency{{"join, first told", r.JoinFirst}, {"join, last told", r.JoinLast},
		{"leave, first told", r.LeaveFirst}, {"leave, last told", r.LeaveLast}, {"made after it was due", r.Late}}
}

// Facts returns what was done.
func (r *ChurnResult) Facts() []Fact {
	facts := []Fact{{"changes", fmt.Sprintf("%d, at %.0f a second", r.Changes, r.Rate)}}
	if r.Blocked > 0 {
		facts = append(facts, Fact{"late for want of free users", fmt.Sprintf("%d", r.Blocked)})
	}
	if r.PerChange > 0 {
		facts = append(facts, Fact{"CPU for each change", fmt.Sprintf("%.1f µs", r.PerChange)})
	}
	return facts
}
