package load

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// MassPlan is users who all join one empty channel at the same moment.
type MassPlan struct {
	Members int // 1 to 1,000,000; they are connected before
}

// MassResult has the phases "connect" and "mass", and "settle" at the end.
type MassResult struct {
	Result
	Roster   Latency `json:"roster"`   // from each one's own frame until it had a roster
	Complete Latency `json:"complete"` // from the first frame of all until each saw everybody
	Millis   float64 `json:"all_ms"`   // from the first frame until everybody saw everybody; 0: that was not so
}

// Mass measures how long it takes until everybody has seen everybody.
func Mass(ctx context.Context, o Options, plan MassPlan) (r MassResult, err error) {
	if err := atLeast("members", plan.Members, 1, maxClients); err != nil {
		return r, err
	}
	m := &mass{members: plan.Members, roster: newStopwatch(), complete: newStopwatch(), done: make(chan struct{})}
	err = play(o, "mass", &r.Result, func(c *crowd) error { return m.run(ctx, c) })
	r.Roster, r.Complete = m.roster.latency(), m.complete.latency()
	if m.completed == plan.Members {
		r.Millis = m.last.Seconds() * 1e3
	}
	return r, err
}

// mass listens to all who come.
type mass struct {
	members          int
	roster, complete *stopwatch
	done             chan struct{} // closed when everybody has seen everybody

	mu        sync.Mutex // guards the rest
	begun     time.Time
	asked     []time.Time // by user
	sees      []bool      // by user: everybody
	completed int
	last      time.Duration
}

func (m *mass) run(ctx context.Context, c *crowd) error {
	r := c.addRoom(m.members)
	if err := c.prepare(ctx, c.clients); err != nil {
		return err
	}
	if err := c.phase(ctx, "connect", func() error { return c.enter(ctx, c.clients, false, nil) }); err != nil {
		return err
	}
	for _, one := range c.clients {
		r.note(one.user, true)
	}
	m.asked, m.sees = make([]time.Time, m.members), make([]bool, m.members)
	c.listen(m.hear)
	if err := c.phase(ctx, "mass", func() error { return m.join(ctx, c) }); err != nil {
		return err
	}
	return c.phase(ctx, "settle", func() error { return c.settle(ctx) })
}

// join has all join, and waits until they see each other.
func (m *mass) join(ctx context.Context, c *crowd) error {
	defer c.watchProgress("mass", m.members, func() int {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.completed
	})()
	m.mu.Lock()
	m.begun = time.Now()
	m.mu.Unlock()
	for _, one := range c.clients {
		m.mu.Lock()
		m.asked[one.user] = time.Now() // before: the answer may be read before join returns
		m.mu.Unlock()
		if _, err := one.join(); err != nil {
			return err
		}
	}
	if err := c.allTold(ctx, m.done, c.options.Patience); err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		return fmt.Errorf("%d of %d have not seen everybody: %w", m.members-m.completed, m.members, err)
	}
	return nil
}

func (m *mass) hear(e event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	user := e.client.user
	if e.kind == entered && !m.asked[user].IsZero() {
		m.roster.add(e.at.Sub(m.asked[user]))
	}
	if e.kind == left {
		e.client.crowd.checks.stray(e)
	}
	if m.sees[user] || e.seen < m.members && (e.kind != counted || e.user < m.members) {
		return
	}
	m.sees[user] = true
	m.completed++
	m.last = e.at.Sub(m.begun)
	m.complete.add(m.last)
	if m.completed == m.members {
		close(m.done)
	}
}

// Latencies returns when each had a roster, and a complete one.
func (r *MassResult) Latencies() []NamedLatency {
	return []NamedLatency{{"join, roster", r.Roster}, {"until one sees all", r.Complete}}
}

// Facts returns when everybody had seen everybody, if that was so.
func (r *MassResult) Facts() []Fact {
	if r.Millis == 0 {
		return nil
	}
	return []Fact{{"everybody sees everybody", fmt.Sprintf("after %.0f ms", r.Millis)}}
}
