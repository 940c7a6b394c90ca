package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/process"
)

// scaling is how the costs grow with what there is.
type scaling struct {
	Connections []connections `json:"connections"`
	Channels    []channel     `json:"channels"`
	Clusters    []growth      `json:"clusters"`
}

// sizes are what is grown. Each is measured on nodes of its own.
type sizes struct {
	connections []int // on one node
	members     []int // of one channel on one node
	nodes       []int // of a cluster
	changes     int   // joins of each channel, fewer of the largest
	joiners     int   // who join at once, each a channel of her own
	mass        int   // who join one channel at once
	rate        float64
	busy, look  time.Duration // how long that rate lasts, and how long nothing happens
}

func measureScaling(ctx context.Context, p plan) (s *scaling, err error) {
	s = new(scaling)
	if s.Connections, err = onFresh(ctx, p, p.grow.connections, growConnections); err != nil {
		return nil, err
	}
	if s.Channels, err = onFresh(ctx, p, p.grow.members, growChannel); err != nil {
		return nil, err
	}
	for _, n := range p.grow.nodes {
		row, err := growCluster(ctx, p, n)
		if err != nil {
			return nil, fmt.Errorf("%d nodes: %w", n, err)
		}
		s.Clusters = append(s.Clusters, row)
	}
	return s, nil
}

// onFresh measures each size on one fresh node.
func onFresh[T any](ctx context.Context, p plan, sizes []int, measure func(context.Context, plan, *cluster, int) (T, error)) (rows []T, err error) {
	for _, size := range sizes {
		c, err := newCluster(ctx, p.binary, 1)
		if err != nil {
			return nil, err
		}
		row, err := measure(ctx, p, c, size)
		c.stop()
		if err != nil {
			return nil, fmt.Errorf("%d: %w", size, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// connections are idle ones on one node, in channels of inRoom.
type connections struct {
	Connections int     `json:"connections"`
	Each        float64 `json:"bytes_each"`
	CPU         float64 `json:"cpu_seconds_per_second"`
}

func growConnections(ctx context.Context, p plan, c *cluster, n int) (row connections, err error) {
	o, group, err := c.options()
	if err != nil {
		return row, err
	}
	empty, err := group.Used()
	if err != nil {
		return row, err
	}
	r, err := load.Idle(ctx, o, load.IdlePlan{Clients: n, Members: inRoom, Hold: p.grow.look})
	if err != nil {
		return row, err
	}
	hold := phase(r.Result, "hold")
	return connections{n, float64(hold.Resident-empty.Resident) / float64(n), hold.CPU / hold.Seconds}, nil
}

// channel is one of some members, on one node, into which one more comes.
type channel struct {
	Members int     `json:"members"`
	PerTold float64 `json:"cpu_us_per_told"`
	P50     float64 `json:"last_told_p50_ms"`
	P99     float64 `json:"last_told_p99_ms"`
}

// longPatience is for channels whose members need a while to come.
const longPatience = 5 * time.Minute

func growChannel(ctx context.Context, p plan, c *cluster, n int) (row channel, err error) {
	o, _, err := c.options()
	if err != nil {
		return row, err
	}
	o.Patience = longPatience
	joins := max(10, min(p.grow.changes, 50_000/n))
	r, err := load.Joins(ctx, o, load.JoinsPlan{Members: n, Joins: joins, Apart: true})
	return channel{n, r.PerJoin, r.JoinLast.P50, r.JoinLast.P99}, err
}

// options are for a load on all nodes in turn.
func (c *cluster) options() (load.Options, process.Group, error) {
	o := load.Options{Dialect: load.Rollcall{Token: c.token}}
	for _, n := range c.nodes {
		o.URLs = append(o.URLs, n.url())
	}
	group, err := c.group()
	o.Meter = func(context.Context) (load.Usage, error) {
		u, err := group.Used()
		return load.Usage{CPU: u.CPU, Resident: u.Resident}, err
	}
	return o, group, err
}

// phase returns one part of what a scenario measured, which has it if it did not fail.
func phase(r load.Result, name string) load.Phase {
	i := slices.IndexFunc(r.Phases, func(p load.Phase) bool { return p.Name == name })
	return r.Phases[i]
}
