package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// metrics are the values that a node told, by name. Those with labels are left out.
type metrics map[string]float64

// The names that are used here.
const (
	bytesOut   = "rollcall_mesh_sent_bytes_total"
	packetsOut = "rollcall_mesh_packets_out_total"
	framesOut  = "rollcall_mesh_frames_out_total"
	sessions   = "rollcall_view_sessions"
	members    = "rollcall_view_members"
)

// metrics asks a node.
func (c *child) metrics(ctx context.Context) (metrics, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.at.Admin+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("metrics of %s: %w", c.name, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics of %s: %s", c.name, resp.Status)
	}
	m, err := readMetrics(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("metrics of %s: %w", c.name, err)
	}
	return m, nil
}

// readMetrics reads Prometheus' text format, as far as it has no labels.
func readMetrics(r io.Reader) (metrics, error) {
	m := metrics{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" || strings.Contains(name, "{") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m[name] = v
	}
	return m, lines.Err()
}

// metrics asks all nodes.
func (c *cluster) metrics(ctx context.Context) ([]metrics, error) {
	all := make([]metrics, len(c.nodes))
	for i, n := range c.nodes {
		var err error
		if all[i], err = n.metrics(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// grown returns by how much a metric grew, over all nodes.
func grown(before, after []metrics, name string) float64 {
	sum := 0.0
	for i := range before {
		sum += after[i][name] - before[i][name]
	}
	return sum
}
