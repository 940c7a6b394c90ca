package admin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Figures are of the whole cluster, as one node counts them.
type Figures struct {
	Users, Sessions, Anonymous, Channels int
	Joins, Leaves                        float64 // since the node began
	Incomplete                           bool    // members may be missing

	CPU      float64 // seconds that the node's process has used; only of the node itself, as is Resident
	Resident float64 // bytes of memory
}

// Figures reads the node's /metrics.
func (c *Client) Figures(ctx context.Context) (Figures, error) {
	body, err := c.open(ctx, "/metrics")
	if err != nil {
		return Figures{}, err
	}
	defer body.Close()
	return readFigures(body)
}

func readFigures(r io.Reader) (Figures, error) {
	sums := map[string]float64{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for lines.Scan() {
		series, value, ok := strings.Cut(lines.Text(), " ")
		name, _, labelled := strings.Cut(series, "{")
		if labelled { // labels may hold spaces
			_, value, ok = strings.Cut(lines.Text(), "} ")
		}
		if n, err := strconv.ParseFloat(value, 64); ok && err == nil {
			sums[strings.TrimPrefix(name, "rollcall_")] += n
		}
	}
	if err := lines.Err(); err != nil {
		return Figures{}, fmt.Errorf("/metrics: %w", err)
	}
	return Figures{
		Users: int(sums["view_users"]), Sessions: int(sums["view_sessions"]), Anonymous: int(sums["view_anonymous"]), Channels: int(sums["view_channels"]),
		Joins: sums["view_joins_total"], Leaves: sums["view_leaves_total"], Incomplete: sums["node_incomplete"] > 0,
		CPU: sums["process_cpu_seconds_total"], Resident: sums["process_resident_memory_bytes"],
	}, nil
}
