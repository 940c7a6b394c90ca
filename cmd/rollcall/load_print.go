package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// printLoad prints what came of a load, for people.
func printLoad(out io.Writer, report load.Report) error {
	r := report.Common()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%s: %s in %s on %s, %.1f s\n", r.Scenario, many(r.Clients, "client"), many(r.Rooms, "channel"), many(len(r.URLs), "node"), r.Seconds)
	// What has none was ended before.
	latencies := slices.DeleteFunc(report.Latencies(), func(l load.NamedLatency) bool { return l.Count == 0 })
	if len(latencies) > 0 {
		fmt.Fprint(w, "\nms\tcount\tmin\tp50\tp90\tp99\tp99.9\tmax\t\n")
		for _, l := range latencies {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", l.Name, l.Count, ms(l.Min), ms(l.P50), ms(l.P90), ms(l.P99), ms(l.P999), ms(l.Max))
		}
	}
	metered := false
	for _, p := range r.Phases {
		metered = metered || p.Resident > 0
	}
	fmt.Fprint(w, "\nphase\tseconds\tframes in\tKiB in\tframes out\tKiB out\t")
	if metered {
		fmt.Fprint(w, "CPU s\tMiB\tgrown MiB\t")
	}
	fmt.Fprintln(w)
	for _, p := range r.Phases {
		t := p.Traffic
		fmt.Fprintf(w, "%s\t%.2f\t%d\t%.0f\t%d\t%.0f\t", p.Name, p.Seconds, t.FramesIn, kib(t.BytesIn), t.FramesOut, kib(t.BytesOut))
		if metered {
			fmt.Fprintf(w, "%.2f\t%.1f\t%.1f\t", p.CPU, kib(p.Resident)/1024, kib(p.Grown)/1024)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, f := range report.Facts() {
		fmt.Fprintf(out, "%s: %s\n", f.Name, f.Value)
	}
	_, err := fmt.Fprintf(out, "rosters: %d compared with who is there, %d wrong\n", r.Check.Rosters, r.Check.Wrong)
	return err
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func kib(bytes int64) float64 { return float64(bytes) / 1024 }

// ms returns milliseconds with three digits or more.
func ms(f float64) string {
	switch {
	case f < 10:
		return fmt.Sprintf("%.2f", f)
	case f < 100:
		return fmt.Sprintf("%.1f", f)
	default:
		return fmt.Sprintf("%.0f", f)
	}
}
