package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// growth is what a cluster of some size does. Its nodes and the load share the machine.
type growth struct {
	Nodes int `json:"nodes"`

	// What a session of one node costs each other one; 0 if there is no other.
	Elsewhere float64 `json:"bytes_per_session_elsewhere"`

	// Users who are connected join a channel of their own each, as fast as they can.
	Joins     int     `json:"joins"`
	PerSecond float64 `json:"joins_per_second"` // until the last was answered
	PerJoin   float64 `json:"cpu_us_per_join"`  // of all nodes together, until each shows every member
	Gossip    float64 `json:"gossip_bytes_per_join"`

	// Then nothing happens.
	Idle float64 `json:"gossip_bytes_per_idle_second"` // of each node
	CPU  float64 `json:"cpu_seconds_per_idle_second"`  // of each node

	// As many join one channel at once, until all have seen all.
	Mass    int     `json:"mass"`
	MassMS  float64 `json:"mass_ms"`
	MassCPU float64 `json:"mass_cpu_seconds"`

	// Users come and go at a rate, in channels of inRoom that are spread over the nodes.
	Rate      float64 `json:"changes_per_second"`
	P50       float64 `json:"last_told_p50_ms"`
	P99       float64 `json:"last_told_p99_ms"`
	PerChange float64 `json:"cpu_us_per_change"` // of all nodes together
}

func growCluster(ctx context.Context, p plan, n int) (g growth, err error) {
	c, err := newCluster(ctx, p.binary, n)
	if err != nil {
		return g, err
	}
	defer c.stop()
	g = growth{Nodes: n, Joins: p.grow.joiners, Mass: p.grow.mass, Rate: p.grow.rate}
	if g.Elsewhere, err = c.elsewhere(ctx, g.Joins); err != nil {
		return g, fmt.Errorf("sessions elsewhere: %w", err)
	}
	if err := c.stampede(ctx, &g, p.grow.look); err != nil {
		return g, fmt.Errorf("joins: %w", err)
	}
	o, _, err := c.options()
	if err != nil {
		return g, err
	}
	mass, err := load.Mass(ctx, o, load.MassPlan{Members: g.Mass})
	if err != nil {
		return g, err
	}
	g.MassMS, g.MassCPU = mass.Millis, phase(mass.Result, "mass").CPU
	o.Run = "churn"
	churn, err := load.Churn(ctx, o, load.ChurnPlan{Clients: 100 * inRoom, Members: inRoom, Rate: g.Rate, For: p.grow.busy})
	g.P50, g.P99, g.PerChange = churn.JoinLast.P50, churn.JoinLast.P99, churn.PerChange
	return g, err
}

// elsewhere has sessions on the first node, in channels of inRoom, and looks at the memory of the others.
func (c *cluster) elsewhere(ctx context.Context, n int) (each float64, err error) {
	if len(c.nodes) == 1 {
		return 0, nil
	}
	o, _, err := c.options()
	if err != nil {
		return 0, err
	}
	others, err := (&cluster{nodes: c.nodes[1:]}).group()
	if err != nil {
		return 0, err
	}
	before, err := others.Used()
	if err != nil {
		return 0, err
	}
	o.URLs = o.URLs[:1]
	o.Meter = func(context.Context) (load.Usage, error) {
		u, err := others.Used()
		return load.Usage{Resident: u.Resident}, err
	}
	r, err := load.Idle(ctx, o, load.IdlePlan{Clients: n, Members: inRoom, Hold: time.Second})
	if err != nil {
		return 0, err
	}
	grown := phase(r.Result, "hold").Resident - before.Resident
	return float64(grown) / float64(n) / float64(len(c.nodes)-1), c.await(ctx, map[string]float64{sessions: 0})
}

// stampede has users join, and watches them while they are there.
func (c *cluster) stampede(ctx context.Context, g *growth, look time.Duration) error {
	clients, err := c.dialAll(ctx, g.Joins, "joiner", func(i int) int { return i % len(c.nodes) }, nil)
	if err != nil {
		return err
	}
	defer clients.end()
	if err := c.await(ctx, map[string]float64{sessions: float64(g.Joins)}); err != nil {
		return err
	}
	before, err := c.reading(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := each(g.Joins, func(i int) error { _, err := clients[i].Join(ctx, fmt.Sprintf("own.%d", i), nil); return err }); err != nil {
		return err
	}
	g.PerSecond = float64(g.Joins) / time.Since(begun).Seconds()
	if err := c.await(ctx, map[string]float64{members: float64(g.Joins)}); err != nil {
		return err
	}
	after, err := c.reading(ctx)
	if err != nil {
		return err
	}
	g.PerJoin = (after.cpu - before.cpu) * 1e6 / float64(g.Joins)
	g.Gossip = (after.gossip - before.gossip) / float64(g.Joins)
	if err := c.rest(ctx, g, after, look); err != nil {
		return err
	}
	if err := clients.bye(ctx); err != nil {
		return err
	}
	return c.await(ctx, map[string]float64{sessions: 0})
}

// reading is what all nodes have used so far.
type reading struct {
	at     time.Time
	cpu    float64 // seconds
	gossip float64 // bytes
}

func (c *cluster) reading(ctx context.Context) (r reading, err error) {
	all, err := c.metrics(ctx)
	if err != nil {
		return r, err
	}
	for _, m := range all {
		r.gossip += m[bytesOut]
	}
	r.at = time.Now()
	r.cpu, err = c.spent()
	return r, err
}

// rest watches a cluster in which nothing happens.
func (c *cluster) rest(ctx context.Context, g *growth, before reading, look time.Duration) error {
	if err := load.Sleep(ctx, look); err != nil {
		return err
	}
	after, err := c.reading(ctx)
	if err != nil {
		return err
	}
	share := after.at.Sub(before.at).Seconds() * float64(len(c.nodes))
	g.Idle, g.CPU = (after.gossip-before.gossip)/share, (after.cpu-before.cpu)/share
	return nil
}
