package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/chart"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/compare"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/markdown"
)

// report is all that was measured.
type report struct {
	Machine   machine          `json:"machine"`
	Quick     bool             `json:"quick"`
	Compare   *compare.Results `json:"compare,omitempty"`
	Crash     *crash           `json:"crash,omitempty"`
	Latency   []latency        `json:"latency,omitempty"`
	Following []following      `json:"following,omitempty"`
	Idle      []idle           `json:"idle,omitempty"`
	Scaling   *scaling         `json:"scaling,omitempty"`
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
		System: runtime.GOOS + "/" + runtime.GOARCH, Processor: model(), CPUs: runtime.NumCPU(), LoadBefore: loadAverage()}
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

// loadAverage returns how many processes wanted a processor in the last minute.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// print writes the report as Markdown, which is read as it is as well; with charts from a
// folder, unless that is empty.
func (r *report) print(w io.Writer, folder string) error {
	m := r.Machine
	quick := ""
	if r.Quick {
		quick = ", a quick look"
	}
	_, err := fmt.Fprintf(w, "Measured on %s: %s, %d × %s, %s, revision %s, load %s before and %s after%s. Servers and load share the processors.\n",
		m.Date.Format("2 January 2006, 15:04 MST"), m.System, m.CPUs, m.Processor, m.Go, m.Revision, m.LoadBefore, m.LoadAfter, quick)
	if err == nil && r.Compare != nil {
		if _, err = fmt.Fprintf(w, "\n### One node, and others\n\n"); err == nil {
			err = r.Compare.Markdown(w)
		}
	}
	if err == nil {
		err = show(w, folder, r.compareCharts())
	}
	for _, t := range r.tables() {
		if err == nil {
			err = t.print(w)
		}
	}
	if err == nil {
		err = show(w, folder, r.scalingCharts())
	}
	return err
}

// show writes where charts are.
func show(w io.Writer, folder string, files []chart.File) error {
	for _, f := range files {
		if folder == "" {
			break
		}
		if _, err := fmt.Fprintf(w, "\n%s", f.Markdown(folder)); err != nil {
			return err
		}
	}
	return nil
}

// section is a table with its title, and what is to be said of it.
type section struct {
	title string
	rows  [][]string // the first is the head; no other: nothing was measured
	words string
}

func (s section) print(w io.Writer) error {
	if len(s.rows) < 2 {
		return nil
	}
	head := "\n"
	if s.title != "" {
		head = "\n### " + s.title + "\n\n"
	}
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	if err := markdown.Table(w, s.rows); err != nil {
		return err
	}
	if s.words != "" {
		_, err := fmt.Fprintf(w, "\n%s\n", s.words)
		return err
	}
	return nil
}
