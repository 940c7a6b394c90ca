package load

import (
	"context"
	"errors"
	"fmt"
)

// AcceptPlan is clients that come as fast as they are let in.
type AcceptPlan struct {
	Clients int // 1 to 1,000,000
	Members int // of each channel
}

// AcceptResult has the phases "connect" and "settle".
type AcceptResult struct {
	Result
	Upgrade   Latency `json:"upgrade"`    // from the dial until the socket is a WebSocket
	Welcome   Latency `json:"welcome"`    // from then until the token is verified
	Join      Latency `json:"join"`       // from the frame of the join until the roster is there
	PerSecond float64 `json:"per_second"` // clients
}

// Accept has clients connect and join, Options.Concurrency at a time.
func Accept(ctx context.Context, o Options, plan AcceptPlan) (r AcceptResult, err error) {
	if err := errors.Join(atLeast("clients", plan.Clients, 1, maxClients), atLeast("members", plan.Members, 1, maxClients)); err != nil {
		return r, err
	}
	took := &arrival{newStopwatch(), newStopwatch(), newStopwatch()}
	err = play(o, "accept", &r.Result, func(c *crowd) error {
		c.addRooms(plan.Clients, plan.Members)
		return c.come(ctx, true, took)
	})
	r.Upgrade, r.Welcome, r.Join = took.upgraded.latency(), took.welcomed.latency(), took.entered.latency()
	for _, p := range r.Phases {
		if p.Name == "connect" && p.Seconds > 0 {
			r.PerSecond = float64(r.Join.Count) / p.Seconds
		}
	}
	return r, err
}

// Latencies returns the three steps of a client.
func (r *AcceptResult) Latencies() []NamedLatency {
	return []NamedLatency{{"upgrade", r.Upgrade}, {"welcome", r.Welcome}, {"join", r.Join}}
}

// Facts returns how fast it went.
func (r *AcceptResult) Facts() []Fact {
	return []Fact{{"clients let in", fmt.Sprintf("%.0f a second", r.PerSecond)}}
}
