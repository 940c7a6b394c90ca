package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/chart"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/markdown"
)

// Markdown writes the table: a line for each figure, with what Rollcall must reach and how
// it stands to the limit and to the best of the others.
func (r *Results) Markdown(w io.Writer) error {
	heads := []string{"figure"}
	for _, m := range r.Systems {
		heads = append(heads, m.Title)
	}
	heads = append(heads, "Rollcall must reach", "to the limit", "to the best other")
	rows := [][]string{heads}
	for _, f := range Figures(r.Scale) {
		if slices.Contains(r.Parts, f.Part) || r.measured(f.Key) {
			rows = append(rows, r.row(f))
		}
	}
	if err := markdown.Table(w, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%s\n", whatCounts); err != nil {
		return err
	}
	if r.measured("silent") || r.measured("crash") {
		if _, err := fmt.Fprintf(w, "\n%s\n", emptyCells); err != nil {
			return err
		}
	}
	if v := r.versions(); v != "" {
		if _, err := fmt.Fprintf(w, "\n%s\n", v); err != nil {
			return err
		}
	}
	return r.failures(w)
}

// versions says what the peers are; empty: there is none.
func (r *Results) versions() string {
	var all []string
	for _, m := range r.Systems {
		if m.Versions != "" {
			all = append(all, m.Title+" is "+m.Versions)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "Versions: " + strings.Join(all, "; ") + "."
}

// whatCounts says why there are two targets.
const whatCounts = "What must be reached was set on another machine, together with what the limit programs took there: where this one is slower " +
	"than that, the ratio to the limit counts. ✗ is missed by both."

// emptyCells says why there are some.
const emptyCells = "Empty cells were not measured: the limits judge nobody who falls silent, the clients of sc-stateless-presence infer it " +
	"from timers of their own, and of the others no node of two is killed."

func (r *Results) row(f Figure) []string {
	row := []string{f.Title + ", " + f.Unit}
	for _, m := range r.Systems {

		row = append(row, m.cell(f, r.best(Limit, f.Key)))
	}
	target := ""
	if f.Target > 0 {
		target = "≤ " + chart.Number(f.Target)
	}
	if f.Target > 0 && f.Times > 0 {
		target += ", or × " + chart.Number(f.Times) + " the limit"
	}
	return append(row, target, r.ratio(f.Key, Limit), r.ratio(f.Key, Peer))
}

// cell is the median, with the spread if there is one. limit is that of the best limit program; 0:
// not known.
func (m Measured) cell(f Figure, limit float64) string {
	v, ok := m.Median(f.Key)
	if !ok {
		if m.Failed[f.Part] != "" {
			return "fails"
		}
		return ""
	}
	text := chart.Number(v)
	if least, most := m.Spread(f.Key); chart.Number(least) != chart.Number(most) {
		text += fmt.Sprintf(" (%s–%s)", chart.Number(least), chart.Number(most))
	}
	if m.Role == Ours {
		text = "**" + text + "**"
		if !f.reached(v, limit) {
			text += " ✗"
		}
	}
	return text
}

// ratio is that of Rollcall to the best system in a role. Rollcall is the first that is ours.
func (r *Results) ratio(key string, to Role) string {
	for _, m := range r.Systems {
		if m.Role != Ours {
			continue
		}
		v, ok := m.Median(key)
		if best := r.best(to, key); ok && best > 0 {
			return "× " + chart.Number(v/best)
		}
		break
	}
	return ""
}

// failures writes why there are no figures where there are none.
func (r *Results) failures(w io.Writer) error {
	for _, m := range r.Systems {
		for _, part := range Parts {
			if why := m.Failed[part]; why != "" {
				if _, err := fmt.Fprintf(w, "\n%s, %s: %s\n", m.Title, part, why); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
