package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// IdlePlan is clients that are there and do nothing.
type IdlePlan struct {
	Clients int           // 1 to 1,000,000
	Members int           // of each channel, 1 to 1,000,000
	Hold    time.Duration // how long they stay; 0: they go at once
}

// IdleResult has the phases "connect", "settle" and "hold".
type IdleResult struct {
	Result

	// Of the servers, if there is a Meter.
	PerClient  float64 `json:"bytes_per_client,omitempty"` // by which the resident memory grew
	CPUPercent float64 `json:"cpu_percent,omitempty"`      // of one core, while the clients were idle
}

// Idle brings clients into channels and lets them be there for a while. Nobody may be told of
// anything then.
func Idle(ctx context.Context, o Options, plan IdlePlan) (r IdleResult, err error) {
	if err := errors.Join(atLeast("clients", plan.Clients, 1, maxClients), atLeast("members", plan.Members, 1, maxClients)); err != nil {
		return r, err
	}
	err = play(o, "idle", &r.Result, func(c *crowd) error {
		c.addRooms(plan.Clients, plan.Members)
		if err := c.come(ctx, true, nil); err != nil {
			return err
		}
		c.listen(func(e event) {
			if e.kind == joined || e.kind == left {
				c.checks.stray(e)
			}
		})
		return c.phase(ctx, "hold", func() error { return c.wait(ctx, "hold", plan.Hold) })
	})
	r.measure()
	return r, err
}

// measure derives what one client costs.
func (r *IdleResult) measure() {
	var grown int64
	for _, p := range r.Phases {
		grown += p.Grown
		if p.Name == "hold" && p.Seconds > 0 {
			r.CPUPercent = p.CPU / p.Seconds * 100
		}
	}
	r.PerClient = float64(grown) / float64(max(r.Clients, 1))
}

// Facts returns what one client costs, if that is known.
func (r *IdleResult) Facts() []Fact {
	if r.PerClient == 0 && r.CPUPercent == 0 {
		return nil
	}
	return []Fact{
		{"memory of each client", fmt.Sprintf("%.1f KiB", r.PerClient/1024)},
		{"CPU while idle", fmt.Sprintf("%.2f %% of a core", r.CPUPercent)},
	}
}
