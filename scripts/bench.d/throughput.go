package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// throughput is what joins cost that come as fast as they can.
type throughput struct {
	Name      string  `json:"name"`
	Joins     int     `json:"joins"`
	Seconds   float64 `json:"seconds"`           // until the last was answered; the clients take part of the machine
	CPU       float64 `json:"cpu_seconds"`       // of all nodes, until every node showed every member
	PerJoin   float64 `json:"cpu_us_per_join"`   // of all nodes together
	Told      int64   `json:"told"`              // members named to followers, in rosters and diffs
	PerTold   float64 `json:"cpu_us_per_told"`   //
	PerSecond float64 `json:"joins_per_second"`  //
	Bytes     float64 `json:"gossip_bytes_each"` // on the gossip ports, per join
}

// measureThroughput has connected users join, each a channel of its own and then
// all the same one, on all nodes alike.
func measureThroughput(ctx context.Context, p plan) ([]throughput, error) {
	c, err := newCluster(ctx, p.binary)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	alone, err := c.stampede(ctx, "a channel each", p.joiners, func(i int) string { return fmt.Sprintf("own.%d", i) })
	if err != nil {
		return nil, err
	}
	crowd, err := c.stampede(ctx, "one channel", p.crowd, func(int) string { return "all" })
	if err != nil {
		return nil, err
	}
	return []throughput{alone, crowd}, nil
}

// stampede has n new users join the channels that are named, and leave again.
func (c *cluster) stampede(ctx context.Context, name string, n int, channel func(i int) string) (throughput, error) {
	t := throughput{Name: name, Joins: n}
	var told atomic.Int64
	clients, err := c.dialAll(ctx, n, "joiner", func(i int) int { return i % nodes }, func(m *client.Message) {
		told.Add(int64(len(m.Members) + len(m.Join)))
	})
	if err != nil {
		return t, err
	}
	defer clients.end()
	if err := c.await(ctx, map[string]float64{sessions: float64(n)}); err != nil {
		return t, err
	}
	before, err := c.metrics(ctx)
	if err != nil {
		return t, err
	}
	begun := time.Now()
	if err := each(n, func(i int) error { _, err := clients[i].Join(ctx, channel(i), nil); return err }); err != nil {
		return t, err
	}
	t.Seconds = time.Since(begun).Seconds()
	// Batches of a large channel come late: up to a second.
	if err := c.await(ctx, map[string]float64{members: float64(n)}); err != nil {
		return t, err
	}
	if err := pause(ctx, 1200*time.Millisecond); err != nil {
		return t, err
	}
	after, err := c.metrics(ctx)
	if err != nil {
		return t, err
	}
	t.CPU, t.Told = grown(before, after, processor), told.Load()
	t.PerJoin, t.PerTold = t.CPU*1e6/float64(n), t.CPU*1e6/float64(t.Told)
	t.PerSecond, t.Bytes = float64(n)/t.Seconds, grown(before, after, bytesOut)/float64(n)
	if err := clients.bye(ctx); err != nil {
		return t, err
	}
	return t, c.await(ctx, map[string]float64{sessions: 0})
}
