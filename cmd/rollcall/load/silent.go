package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// SilentPlan is clients that fall silent without a word, with their sockets open.
type SilentPlan struct {
	Clients int           // all, 2 to 1,000,000
	Members int           // of each channel, at least 2
	Silent  int           // how many fall silent, fewer than Clients; the others see it
	Spread  time.Duration // they do so at even distances within it, since what they said last matters
	Longest time.Duration // after the last of them, until which the others must have seen all leave; 0: 1m
	Seed    uint64        // decides who, and in which order

	fell func(user string) // is told of each who has fallen silent, for tests; nil: nobody asks
}

// SilentResult has the phases "connect", "settle" and "silent".
type SilentResult struct {
	Result
	Silent     int     `json:"silent"`
	AfterFall  Latency `json:"after_fall"`  // from when a client fell silent until another was told
	AfterFrame Latency `json:"after_frame"` // from the last frame that it had sent
}

// Silent measures how long those are shown who are not there any more.
func Silent(ctx context.Context, o Options, plan SilentPlan) (r SilentResult, err error) {
	if err := errors.Join(atLeast("clients", plan.Clients, 2, maxClients), atLeast("members", plan.Members, 2, maxClients),
		atLeast("silent", plan.Silent, 1, plan.Clients-1)); err != nil {
		return r, err
	}
	if plan.Spread < 0 || plan.Longest < 0 {
		return r, badPlan("spread and longest must not be negative")
	}
	if plan.Longest == 0 {
		plan.Longest = time.Minute
	}
	r.Silent = plan.Silent
	s := &silent{plan: plan, random: rand.New(rand.NewPCG(plan.Seed, 0)), fall: newStopwatch(), frame: newStopwatch(),
		fell: map[int]*fallen{}, done: make(chan struct{})}
	err = play(o, "silent", &r.Result, func(c *crowd) error { return s.run(ctx, c) })
	r.AfterFall, r.AfterFrame = s.fall.latency(), s.frame.latency()
	return r, err
}

// fallen is one who has fallen silent.
type fallen struct {
	at, spoke time.Time
	seen      map[*client]bool // who was told
}

// silent listens to those who go on.
type silent struct {
	plan        SilentPlan
	random      *rand.Rand // owned by run
	fall, frame *stopwatch
	done        chan struct{} // closed when all were told of all

	mu     sync.Mutex // guards the rest
	fell   map[int]*fallen
	untold int // leaves that somebody is still to be told of; those are counted who go on to the end
}

func (s *silent) run(ctx context.Context, c *crowd) error {
	c.addRooms(s.plan.Clients, s.plan.Members)
	if err := c.come(ctx, true, nil); err != nil {
		return err
	}
	chosen := s.random.Perm(len(c.clients))[:s.plan.Silent]
	going := map[*client]bool{}
	for _, i := range chosen {
		going[c.clients[i]] = true
	}
	for _, i := range chosen {
		s.untold += s.others(c, c.clients[i], going)
	}
	c.listen(func(e event) { s.hear(e, going) })
	return c.phase(ctx, "silent", func() error {
		if err := s.silence(ctx, c, chosen); err != nil {
			return err
		}
		if err := s.await(ctx, c); err != nil {
			return err
		}
		return c.settle(ctx)
	})
}

// others returns how many in a client's room go on to the end.
func (s *silent) others(c *crowd, one *client, going map[*client]bool) (n int) {
	for _, other := range c.clients[one.room.first : one.room.first+one.room.size] {
		if !going[other] {
			n++
		}
	}
	return n
}

// silence has those who were chosen fall silent, one after the other.
func (s *silent) silence(ctx context.Context, c *crowd, chosen []int) error {
	defer c.watchProgress("fall silent", len(chosen), func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.fell)
	})()
	begun := time.Now()
	for i, number := range chosen {
		at := s.plan.Spread * time.Duration(i) / time.Duration(len(chosen))
		if err := Sleep(ctx, time.Until(begun.Add(at))); err != nil {
			return err
		}
		one := c.clients[number]
		f := &fallen{at: time.Now(), spoke: one.mute(), seen: map[*client]bool{}}
		s.mu.Lock()
		s.fell[one.user] = f
		s.mu.Unlock()
		one.room.note(one.user, false)
		if s.plan.fell != nil {
			s.plan.fell(one.name())
		}
	}
	return nil
}

// await waits until all were told of all.
func (s *silent) await(ctx context.Context, c *crowd) error {
	defer c.watchProgress("leaves told", 0, func() int { return int(s.fall.count()) })()
	s.mu.Lock()
	untoldOf := s.untold
	s.mu.Unlock()
	if untoldOf == 0 {
		return nil // nobody is left to be told
	}
	if err := c.allTold(ctx, s.done, s.plan.Longest); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return fmt.Errorf("%d leaves of who was silent for up to %v: %w", s.untold, s.plan.Longest, err)
	}
	return nil
}

func (s *silent) hear(e event, going map[*client]bool) {
	if e.kind != joined && e.kind != left || going[e.client] {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fell[e.client.room.first+e.user]
	if f == nil || e.kind != left || f.seen[e.client] {
		e.client.crowd.checks.stray(e)
		return
	}
	f.seen[e.client] = true
	s.fall.add(e.at.Sub(f.at))
	s.frame.add(e.at.Sub(f.spoke))
	if s.untold--; s.untold == 0 {
		close(s.done)
	}
}

// Latencies returns how long the silent were shown.
func (r *SilentResult) Latencies() []NamedLatency {
	return []NamedLatency{{"leave told after it fell silent", r.AfterFall}, {"leave told after its last frame", r.AfterFrame}}
}

// Facts returns how many fell silent.
func (r *SilentResult) Facts() []Fact {
	return []Fact{{"clients that fell silent", fmt.Sprintf("%d", r.Silent)}}
}
