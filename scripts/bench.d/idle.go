package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// idle is what the nodes of an idle cluster tell each other. All of it is there to
// show that they live; none of it may depend on how many sessions they hold. Only
// whether there are any shows: an empty table has no number and no digest, which
// are some 13 bytes of each ping.
type idle struct {
	Sessions int     `json:"sessions"` // each a member of a channel
	Watched  float64 `json:"seconds"`
	Interval float64 `json:"interval_seconds"`

	// Per node and interval, memberlist's own traffic included.
	Bytes   float64 `json:"bytes_per_interval"`
	Packets float64 `json:"packets_per_interval"` // pings; memberlist's own are not counted
	Frames  float64 `json:"frames_per_interval"`  // on streams

	PerSecond float64 `json:"bytes_per_second"` // per node

	// In each interval a node pings each of its sockets, whose client says nothing else.
	CPU     float64 `json:"cpu_seconds_per_second"` // per node
	PerPing float64 `json:"cpu_us_per_ping"`        // what it takes more than with no sessions; 0 for these
}

// idleInterval is short, to see many of them. The longer default makes pings as many
// times rarer; memberlist's probes and gossip keep a pace of their own.
const idleInterval = 2 * time.Second

// inRoom is how many sessions share a channel: they are told of each other while
// they come, which here only takes time.
const inRoom = 10

// measureIdle watches one cluster while more and more sessions are there.
func measureIdle(ctx context.Context, p plan) ([]idle, error) {
	c, err := newCluster(ctx, p.binary, nodes, "--interval", idleInterval.String())
	if err != nil {
		return nil, err
	}
	defer c.stop()
	var clients crowd
	defer func() { clients.end() }()
	var rows []idle
	for _, n := range p.sessions {
		more, err := c.settle(ctx, len(clients), n)
		if err != nil {
			return nil, fmt.Errorf("with %d sessions: %w", n, err)
		}
		clients = append(clients, more...)
		row, err := c.watch(ctx, n, p.look)
		if err != nil {
			return nil, fmt.Errorf("with %d sessions: %w", n, err)
		}
		if rows = append(rows, row); n > 0 {
			pings := float64(n) / nodes / row.Interval // a second, of each node
			rows[len(rows)-1].PerPing = max(0, row.CPU-rows[0].CPU) / pings * 1e6
		}
	}
	return rows, nil
}

// settle brings the sessions from one number to another, each in a channel, and
// waits until nothing is left to tell of them.
func (c *cluster) settle(ctx context.Context, from, to int) (crowd, error) {
	clients, err := c.dialAll(ctx, to-from, fmt.Sprintf("idler-%d", to), func(i int) int { return i % nodes }, nil)
	if err != nil {
		return nil, err
	}
	err = each(len(clients), func(i int) error {
		_, err := clients[i].Join(ctx, fmt.Sprintf("idle-%d.%d", to, i/inRoom), nil)
		return err
	})
	if err == nil {
		err = c.await(ctx, map[string]float64{sessions: float64(to), members: float64(to)})
	}
	if err == nil {
		err = load.Sleep(ctx, idleInterval)
	}
	if err != nil {
		clients.end()
	}
	return clients, err
}

// watch counts for a while.
func (c *cluster) watch(ctx context.Context, n int, look time.Duration) (idle, error) {
	row := idle{Sessions: n, Interval: idleInterval.Seconds()}
	begun := time.Now()
	before, err := c.metrics(ctx)
	if err != nil {
		return row, err
	}
	spent, err := c.spent()
	if err != nil {
		return row, err
	}
	if err := load.Sleep(ctx, look); err != nil {
		return row, err
	}
	spentSince, err := c.spent()
	if err != nil {
		return row, err
	}
	row.Watched = time.Since(begun).Seconds()
	after, err := c.metrics(ctx)
	if err != nil {
		return row, err
	}
	share := float64(nodes) * row.Watched / row.Interval // intervals that nodes lived through
	row.Bytes = grown(before, after, bytesOut) / share
	row.Packets = grown(before, after, packetsOut) / share
	row.Frames = grown(before, after, framesOut) / share
	row.PerSecond = row.Bytes / row.Interval
	row.CPU = (spentSince - spent) / nodes / row.Watched
	return row, c.await(ctx, map[string]float64{sessions: float64(n), members: float64(n)})
}
