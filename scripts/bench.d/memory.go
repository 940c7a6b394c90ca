package main

import (
	"context"
	"time"
)

// memory is what idle connections cost in resident memory.
type memory struct {
	Connections int     `json:"connections"` // all on the first node
	Node        string  `json:"node"`
	Before      float64 `json:"before_bytes"`
	After       float64 `json:"after_bytes"`
	Each        float64 `json:"bytes_per_connection"`
	Holds       bool    `json:"holds_the_sockets"`
}

// measureMemory connects users to the first node of a fresh cluster. The others
// only know of their sessions.
func measureMemory(ctx context.Context, p plan) ([]memory, error) {
	c, err := newCluster(ctx, p.binary)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	before, err := c.metrics(ctx)
	if err != nil {
		return nil, err
	}
	clients, err := c.dialAll(ctx, p.connections, "idler", func(int) int { return 0 }, nil)
	if err != nil {
		return nil, err
	}
	defer clients.end()
	if err := c.await(ctx, map[string]float64{sessions: float64(p.connections)}); err != nil {
		return nil, err
	}
	if err := pause(ctx, time.Second); err != nil { // goroutines that opened a socket are over
		return nil, err
	}
	after, err := c.metrics(ctx)
	if err != nil {
		return nil, err
	}
	var rows []memory
	for i, n := range c.nodes {
		b, a := before[i][resident], after[i][resident]
		rows = append(rows, memory{Connections: p.connections, Node: n.name, Before: b, After: a,
			Each: (a - b) / float64(p.connections), Holds: i == 0})
	}
	return rows, nil
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
