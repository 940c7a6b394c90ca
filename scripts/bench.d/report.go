package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/compare"
)

// report is all that was measured.
type report struct {
	Machine    machine          `json:"machine"`
	Quick      bool             `json:"quick"`
	Compare    *compare.Results `json:"compare,omitempty"`
	Memory     []memory         `json:"memory,omitempty"`
	Latency    []latency        `json:"latency,omitempty"`
	Throughput []throughput     `json:"throughput,omitempty"`
	Following  []following      `json:"following,omitempty"`
	Idle       []idle           `json:"idle,omitempty"`
}

// machine is where and when it was measured. Loads are of the last minute, by the
// system; empty: unknown.
type machine struct {
	Date       time.Time `json:"date"`
	Revision   string    `json:"revision"`
	Go         string    `json:"go"`
	System     string    `json:"system"`
	Processor  string    `json:"processor"`
	CPUs       int       `json:"cpus"`
	LoadBefore string    `json:"load_before"`
	LoadAfter  string    `json:"load_after"`
}

func thisMachine(revision string) machine {
	return machine{Date: time.Now().UTC().Truncate(time.Second), Revision: revision, Go: runtime.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Processor: model(), CPUs: runtime.NumCPU(), LoadBefore: load()}
}

// model returns the processor's name, where Linux tells it.
func model() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// load returns how many processes wanted a processor in the last minute.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// print writes the report for people.
func (r *report) print(w io.Writer) error {
	m := r.Machine
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s, %d × %s, %s, %s\nrevision %s, load %s before and %s after; servers and load share the processors\n",
		m.System, m.CPUs, m.Processor, m.Go, m.Date.Format(time.DateTime+" MST"), m.Revision, m.LoadBefore, m.LoadAfter)
	if r.Compare != nil {
		fmt.Fprintln(w)
		if err := r.Compare.Markdown(w); err != nil {
			return err
		}
	}
	for _, part := range []func(io.Writer){r.printMemory, r.printLatency, r.printThroughput, r.printFollowing, r.printIdle} {
		part(out)
	}
	return out.Flush()
}

func (r *report) printMemory(w io.Writer) {
	if len(r.Memory) == 0 {
		return
	}
	fmt.Fprintf(w, "\nMEMORY\tconnections\tRSS before\tRSS after\teach\t\n")
	for _, m := range r.Memory {
		here := 0
		if m.Holds {
			here = m.Connections
		}
		fmt.Fprintf(w, "%s\t%d\t%.1f MB\t%.1f MB\t%.1f kB\t\n", m.Node, here, m.Before/1e6, m.After/1e6, m.Each/1e3)
	}
}

func (r *report) printLatency(w io.Writer) {
	if len(r.Latency) == 0 {
		return
	}
	fmt.Fprintf(w, "\nLATENCY AT REST\tsamples\tp50 µs\tp90 µs\tp99 µs\tmax µs\tp50 to floor\t\n")
	for _, l := range r.Latency {
		ratio := "floor"
		if l.Floor != "" {
			ratio = fmt.Sprintf("× %.1f", l.Ratio)
		}
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t%s\t\n", l.Name, l.Samples, l.P50, l.P90, l.P99, l.Max, ratio)
	}
	fmt.Fprintf(w, "aim: join, across nodes\t\t\t\t2000\t\t\t\n")
}

func (r *report) printThroughput(w io.Writer) {
	if len(r.Throughput) == 0 {
		return
	}
	fmt.Fprintf(w, "\nJOINS AT ONCE\tjoins\tanswered in\tper second\tCPU of nodes\tper join\tmembers told\tCPU per told\tgossip per join\t\n")
	for _, t := range r.Throughput {
		fmt.Fprintf(w, "%s\t%d\t%.2f s\t%.0f\t%.2f s\t%.0f µs\t%d\t%.1f µs\t%.0f B\t\n",
			t.Name, t.Joins, t.Seconds, t.PerSecond, t.CPU, t.PerJoin, t.Told, t.PerTold, t.Bytes)
	}
}

func (r *report) printFollowing(w io.Writer) {
	if len(r.Following) == 0 {
		return
	}
	fmt.Fprintf(w, "\nFOLLOWING, at rest\tchanges\ttold\tp50 µs\tp99 µs\tCPU per told\tsync\tin\t\n")
	for _, f := range r.Following {
		fmt.Fprintf(w, "%s\t%d\t%d\t%.0f\t%.0f\t%.1f µs\t%.1f kB\t%.0f ms\t\n",
			f.Name, f.Changes, f.Told, f.P50, f.P99, f.PerTold, float64(f.Sync)/1e3, f.SyncMS)
	}
}

func (r *report) printIdle(w io.Writer) {
	if len(r.Idle) == 0 {
		return
	}
	fmt.Fprintf(w, "\nIDLE, per node\tsessions\tinterval\twatched\tbytes/interval\tbytes/s\tpings/interval\tframes/interval\tCPU\tper socket ping\t\n")
	for _, i := range r.Idle {
		fmt.Fprintf(w, "\t%d\t%.0f s\t%.0f s\t%.0f\t%.0f\t%.1f\t%.1f\t%.1f %%\t%.0f µs\t\n",
			i.Sessions, i.Interval, i.Watched, i.Bytes, i.PerSecond, i.Packets, i.Frames, 100*i.CPU, i.PerPing)
	}
}
