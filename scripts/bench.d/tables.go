package main

import (
	"fmt"
	"slices"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/chart"
)

// number writes a figure for a table.
var number = chart.Number

// count writes a whole number for a table.
func count(n int) string { return chart.Number(float64(n)) }

// tables are all but that of the comparison.
func (r *report) tables() []section {
	all := []section{r.crashes(), r.latencies(), r.followings(), r.idles()}
	if r.Scaling != nil {
		all = append(all, r.Scaling.tables()...)
	}
	return all
}

func (r *report) crashes() section {
	s := section{title: "A node of two is killed", rows: [][]string{{"", "kills", "the first user leaves after, s", "the last, s"}}}
	if c := r.Crash; c != nil {
		between := func(values []float64) string {
			return fmt.Sprintf("%.1f to %.1f", slices.Min(values), slices.Max(values))
		}
		s.rows = append(s.rows, []string{count(c.Users) + " users on it, seen on the other", count(len(c.First)), between(c.First), between(c.Last)})
	}
	return s
}

func (r *report) latencies() section {
	s := section{title: "Three nodes: latency at rest",
		rows:  [][]string{{"", "samples", "p50 µs", "p90 µs", "p99 µs", "max µs", "p50 to its floor"}},
		words: "The floor is a bare relay of WebSocket messages, or two for what crosses nodes.",
	}
	for _, l := range r.Latency {
		ratio := "floor"
		if l.Floor != "" {
			ratio = "× " + number(l.Ratio)
		}
		s.rows = append(s.rows, []string{l.Name, count(l.Samples), number(l.P50), number(l.P90), number(l.P99), number(l.Max), ratio})
	}
	return s
}

func (r *report) followings() section {
	s := section{title: "Three nodes: following, at rest",
		rows: [][]string{{"", "changes", "told", "p50 µs", "p99 µs", "CPU for each told, µs", "sync, kB", "sync, ms"}}}
	for _, f := range r.Following {
		kilobytes, millis := "", ""
		if f.Sync > 0 {
			kilobytes, millis = number(float64(f.Sync)/1e3), number(f.SyncMS)
		}
		s.rows = append(s.rows, []string{f.Name, count(f.Changes), count(f.Told), number(f.P50), number(f.P99), number(f.PerTold), kilobytes, millis})
	}
	return s
}

func (r *report) idles() section {
	s := section{title: "Three nodes: an idle cluster, of each node", rows: [][]string{{"sessions", "interval, s", "watched, s",
		"gossip bytes for each interval", "pings", "frames", "CPU, %", "CPU for each ping of a socket, µs"}}}
	for _, i := range r.Idle {
		s.rows = append(s.rows, []string{count(i.Sessions), number(i.Interval), number(i.Watched),
			number(i.Bytes), number(i.Packets), number(i.Frames), number(100 * i.CPU), number(i.PerPing)})
	}
	return s
}

func (g *scaling) tables() []section {
	one := section{title: "One node grows", rows: [][]string{{"idle connections", "memory each, KiB", "CPU, % of a core"}}}
	for _, c := range g.Connections {
		one.rows = append(one.rows, []string{count(c.Connections), number(c.Each / 1024), number(100 * c.CPU)})
	}
	room := section{rows: [][]string{{"members of a channel", "CPU for each told of a join, µs", "last told, p50 ms", "p99 ms"}}}
	for _, c := range g.Channels {
		room.rows = append(room.rows, []string{count(c.Members), number(c.PerTold), number(c.P50), number(c.P99)})
	}
	return []section{one, room, g.clusters()}
}

func (g *scaling) clusters() section {
	s := section{title: "The cluster grows, on one machine", rows: [][]string{{"nodes"}}}
	lines := []struct {
		what  string
		value func(growth) float64
	}{
		{"memory for a session of another node, bytes", func(g growth) float64 { return g.Elsewhere }},
		{"gossip for a join, all nodes, bytes", func(g growth) float64 { return g.Gossip }},
		{"gossip at rest, each node, bytes a second", func(g growth) float64 { return g.Idle }},
		{"joins a second, each into a channel of its own", func(g growth) float64 { return g.PerSecond }},
		{"CPU for each, all nodes, µs", func(g growth) float64 { return g.PerJoin }},
		{"CPU at rest, each node, %", func(g growth) float64 { return 100 * g.CPU }},
		{"join one channel at once, until all have seen all, ms", func(g growth) float64 { return g.MassMS }},
		{"CPU of that, all nodes, s", func(g growth) float64 { return g.MassCPU }},
		{"last told of a join, p50 ms", func(g growth) float64 { return g.P50 }},
		{"p99 ms", func(g growth) float64 { return g.P99 }},
		{"CPU for each change, all nodes, µs", func(g growth) float64 { return g.PerChange }},
	}
	const alone = 3 // lines that mean something only where there are several nodes
	for _, l := range lines {
		s.rows = append(s.rows, []string{l.what})
	}
	for _, c := range g.Clusters {
		s.rows[0] = append(s.rows[0], count(c.Nodes))
		for i, l := range lines {
			text := number(l.value(c))
			if c.Nodes == 1 && i < alone {
				text = "" // there is nobody to gossip with
			}
			s.rows[i+1] = append(s.rows[i+1], text)
		}
		s.words = fmt.Sprintf("First %s users join, then nothing happens, then %s join one channel at once; then there are %s joins and leaves a second in channels of %d, spread over the nodes.",
			count(c.Joins), count(c.Mass), number(c.Rate), inRoom)
	}
	return s
}
