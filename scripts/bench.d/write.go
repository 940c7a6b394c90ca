package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/chart"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/markdown"
)

// Where figures are written, from the root.
const (
	readme = "README.md"
	charts = "scripts/bench.d/charts"
)

// write puts the report between the marks of the README, and its charts beside the bench.
func (r *report) write() error {
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := r.print(&b, charts); err != nil {
		return err
	}
	full, err := markdown.Replace(string(text), b.String())
	if err != nil {
		return fmt.Errorf("%s: %w", readme, err)
	}
	if err := chart.Write(charts, append(r.compareCharts(), r.scalingCharts()...)); err != nil {
		return err
	}
	return os.WriteFile(readme, []byte(full), 0o644)
}

// read returns reports that were printed as JSON before as one. What was compared is put
// together; of any other part the last counts.
func read(files []string) (*report, error) {
	var all *report
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r := new(report)
		if err := json.Unmarshal(text, r); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if all == nil {
			all = r
			continue
		}
		if r.Machine.Processor != all.Machine.Processor || r.Machine.Revision != all.Machine.Revision {
			return nil, fmt.Errorf("%s is of another machine or revision than %s", name, files[0])
		}
		if err := all.add(r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if all.Compare != nil && all.Crash != nil {
		all.Compare.Note("rollcall", "crash", slices.Max(all.Crash.Last))
	}
	return all, nil
}

// add puts another report to this one.
func (r *report) add(other *report) error {
	if r.Compare != nil && other.Compare != nil {
		if err := r.Compare.Add(other.Compare); err != nil {
			return err
		}
	}
	r.Compare = cmp.Or(r.Compare, other.Compare)
	r.Crash, r.Scaling = cmp.Or(other.Crash, r.Crash), cmp.Or(other.Scaling, r.Scaling)
	if other.Latency != nil {
		r.Latency = other.Latency
	}
	if other.Following != nil {
		r.Following = other.Following
	}
	if other.Idle != nil {
		r.Idle = other.Idle
	}
	r.Machine.LoadAfter = other.Machine.LoadAfter
	return nil
}

func (r *report) compareCharts() []chart.File {
	if r.Compare == nil {
		return nil
	}
	return r.Compare.Charts()
}

// scalingCharts draws how costs grow.
func (r *report) scalingCharts() []chart.File {
	if r.Scaling == nil {
		return nil
	}
	var memory, cpu, told, last, joins []chart.Point
	for _, c := range r.Scaling.Connections {
		x := float64(c.Connections)
		memory, cpu = append(memory, chart.Point{X: x, Y: c.Each / 1024}), append(cpu, chart.Point{X: x, Y: 100 * c.CPU})
	}
	for _, c := range r.Scaling.Channels {
		x := float64(c.Members)
		told, last = append(told, chart.Point{X: x, Y: c.PerTold}), append(last, chart.Point{X: x, Y: c.P50})
	}
	for _, c := range r.Scaling.Clusters {
		joins = append(joins, chart.Point{X: float64(c.Nodes), Y: c.PerJoin})
	}
	connections := chart.Axis{Title: "idle connections"}
	members := chart.Axis{Title: "members of the channel, by factors of ten", Log: true}
	return []chart.File{
		line("connections-memory", "Memory for each idle connection of one node", connections, chart.Axis{Title: "KiB"}, memory),
		line("connections-cpu", "Processor of one node with idle connections", connections, chart.Axis{Title: "% of a core"}, cpu),
		line("members-cpu", "Processor to tell one member of a join", members, chart.Axis{Title: "µs"}, told),
		line("members-last", "Until the last member has seen a join, p50", members, chart.Axis{Title: "ms, by factors of ten", Log: true}, last),
		line("nodes-cpu", "Processor for a join, of all nodes together", chart.Axis{Title: "nodes"}, chart.Axis{Title: "µs"}, joins),
	}
}

// line is a chart of one line.
func line(name, title string, x, y chart.Axis, points []chart.Point) chart.File {
	return chart.File{Name: name, Title: title, SVG: chart.Lines{Title: title, X: x, Y: y, Series: []chart.Series{{Points: points}}}.SVG()}
}
