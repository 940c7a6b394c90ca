package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// StormPlan is clients whose sockets are all cut at once, and who come back.
type StormPlan struct {
	Clients int           // who are cut, 1 to 1,000,000
	Members int           // of each channel, besides one who is not cut and watches
	Jitter  time.Duration // each waits a random part of it before it comes back, twice as long after each failure, up to 20s; 0: none
	Grace   time.Duration // who is back within it was never gone: then nobody may be told of anything; 0: the server knows no such thing
	AtOnce  int           // how many are connecting at a time, at most; 0: 500. More of them would have this process wait for itself
	Seed    uint64        // decides who waits for how long
}

// StormResult has the phases "connect", "settle", "storm" and "calm".
type StormResult struct {
	Result
	Back     Latency  `json:"back"`              // from the cut until the client had its roster again
	Reenter  Latency  `json:"reenter"`           // the same from when it began to connect
	Millis   float64  `json:"all_ms"`            // from the cut until everybody was back; 0: not everybody was
	Failures int      `json:"failures"`          // attempts
	Reasons  []string `json:"reasons,omitempty"` // of the first few of these
	Leaves   int      `json:"leaves"`            // that those were told of who were not cut
	Joins    int      `json:"joins"`
}

const (
	maxJitter = 20 * time.Second
	calmAfter = time.Second // beyond the grace
)

// Storm measures how long it takes until all are back, and what the others saw of it.
func Storm(ctx context.Context, o Options, plan StormPlan) (r StormResult, err error) {
	if err := errors.Join(atLeast("clients", plan.Clients, 1, maxClients), atLeast("members", plan.Members, 1, maxClients),
		atLeast("at once", plan.AtOnce, 0, maxClients)); err != nil {
		return r, err
	}
	if plan.Jitter < 0 || plan.Grace < 0 {
		return r, badPlan("jitter and grace must not be negative")
	}
	if plan.AtOnce == 0 {
		plan.AtOnce = 500
	}
	s := &storm{plan: plan, random: rand.New(rand.NewPCG(plan.Seed, 0)), back: newStopwatch(), reenter: newStopwatch(),
		watching: map[*client]bool{}, connecting: make(chan struct{}, plan.AtOnce)}
	err = play(o, "storm", &r.Result, func(c *crowd) error { return s.run(ctx, c) })
	if r.Back, r.Reenter = s.back.latency(), s.reenter.latency(); r.Back.Count == int64(plan.Clients) {
		r.Millis = s.last.Seconds() * 1e3
	}
	r.Failures, r.Reasons, r.Leaves, r.Joins = s.failures, s.reasons, s.leaves, s.joins
	return r, err
}

// storm listens to those who watch, and brings the others back.
type storm struct {
	plan          StormPlan
	random        *rand.Rand // owned by run
	back, reenter *stopwatch
	watching      map[*client]bool // fixed before the cut
	connecting    chan struct{}    // has one for each that is connecting

	mu            sync.Mutex // guards the rest
	failures      int
	reasons       []string
	last          time.Duration // until the last one was back
	leaves, joins int
	told          []event // the first few of these
}

func (s *storm) run(ctx context.Context, c *crowd) error {
	for left := s.plan.Clients; left > 0; left -= s.plan.Members {
		c.addRoom(min(left, s.plan.Members) + 1)
	}
	var herd []*client
	for _, one := range c.clients {
		if one.user == one.room.first {
			s.watching[one] = true
		} else {
			herd = append(herd, one)
		}
	}
	if err := c.come(ctx, true, nil); err != nil {
		return err
	}
	if err := c.prepare(ctx, herd); err != nil {
		return err
	}
	c.listen(s.hear)
	if err := c.phase(ctx, "storm", func() error { return s.cut(ctx, c, herd) }); err != nil {
		return err
	}
	return c.phase(ctx, "calm", func() error {
		if s.plan.Grace > 0 {
			if err := c.wait(ctx, "calm", s.plan.Grace+calmAfter); err != nil {
				return err
			}
		}
		err := c.settle(ctx)
		s.judge(c)
		return err
	})
}

// cut cuts all sockets of the herd, and returns when everybody is back.
func (s *storm) cut(ctx context.Context, c *crowd, herd []*client) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Patience+s.plan.Jitter)
	defer cancel()
	waits := make([]time.Duration, len(herd))
	for i := range waits {
		if s.plan.Jitter > 0 {
			waits[i] = time.Duration(s.random.Int64N(int64(s.plan.Jitter)))
		}
	}
	begun := time.Now()
	for _, one := range herd {
		one.cut()
	}
	var all sync.WaitGroup
	for i, one := range herd {
		all.Go(func() { s.comeBack(ctx, one, begun, waits[i]) })
	}
	stop := c.watchProgress("back", len(herd), func() int { return int(s.back.count()) })
	all.Wait()
	stop()
	if missing := len(herd) - int(s.back.count()); missing > 0 {
		return fmt.Errorf("%d of %d clients are not back: %w", missing, len(herd), untold(ctx))
	}
	return nil
}

// comeBack has one client come back, after a while, and again for as long as that fails.
func (s *storm) comeBack(ctx context.Context, one *client, begun time.Time, wait time.Duration) {
	for limit := s.plan.Jitter; Sleep(ctx, wait) == nil; {
		at, err := s.reconnect(ctx, one)
		if err == nil {
			s.back.add(at.Sub(begun))
			s.mu.Lock()
			s.last = max(s.last, at.Sub(begun))
			s.mu.Unlock()
			return
		}
		one.cut()
		s.fail(err)
		if limit = min(2*max(limit, time.Millisecond), maxJitter); one.prepare() != nil {
			return // it is one client less that is back
		}
		wait = rand.N(limit)
	}
}

// fail counts an attempt that failed.
func (s *storm) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	if len(s.reasons) < fewNames {
		s.reasons = append(s.reasons, err.Error())
	}
}

// reconnect brings one client back, when it is its turn, and returns when it was.
func (s *storm) reconnect(ctx context.Context, one *client) (at time.Time, err error) {
	s.connecting <- struct{}{}
	defer func() { <-s.connecting }()
	asked := time.Now()
	heard, end := one.wait()
	defer end()
	if _, err := one.connect(ctx); err != nil {
		return at, err
	}
	if _, err := await(ctx, heard, welcomed); err != nil {
		return at, err
	}
	if _, err := one.join(); err != nil {
		return at, err
	}
	if at, err = await(ctx, heard, entered); err == nil {
		s.reenter.add(at.Sub(asked))
	}
	return at, err
}

// hear takes note of what those who stayed are told.
func (s *storm) hear(e event) {
	if e.kind != joined && e.kind != left || !s.watching[e.client] {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.kind == joined {
		s.joins++
	} else {
		s.leaves++
	}
	if len(s.told) < maxExamples {
		s.told = append(s.told, e)
	}
}

// judge finds what was told though everybody was back in time.
func (s *storm) judge(c *crowd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last >= s.plan.Grace {
		return
	}
	for _, e := range s.told {
		c.checks.stray(e)
	}
}

// Latencies returns those of coming back.
func (r *StormResult) Latencies() []NamedLatency {
	return []NamedLatency{{"back after the cut", r.Back}, {"back after the dial", r.Reenter}}
}

// Facts returns when everybody was back, if that was so, and what the others saw.
func (r *StormResult) Facts() (facts []Fact) {
	if r.Millis > 0 {
		facts = append(facts, Fact{"everybody is back", fmt.Sprintf("after %.0f ms", r.Millis)})
	}
	facts = append(facts, Fact{"attempts that failed", fmt.Sprintf("%d", r.Failures)},
		Fact{"the others saw", fmt.Sprintf("%d leaves, %d joins", r.Leaves, r.Joins)})
	for _, reason := range r.Reasons {
		facts = append(facts, Fact{"an attempt failed", reason})
	}
	return facts
}
