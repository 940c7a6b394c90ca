package compare

import (
	"slices"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/chart"
)

// Charts draws what was measured, by the names of files without their ending. What was not
// measured of any system has no chart.
func (r *Results) Charts() []chart.File {
	var files []chart.File
	add := func(name, title string, axis chart.Axis, groups ...chart.Group) {
		if len(groups) > 0 {
			files = append(files, chart.File{Name: name, Title: title,
				SVG: chart.Bars{Title: title, Value: axis, Groups: groups, Names: r.titles()}.SVG()})
		}
	}
	n := func(count int) string { return chart.Number(float64(count)) }
	s := r.Scale
	add("memory", "Server memory for an idle connection", chart.Axis{Title: "KiB"}, r.groups("", "memory")...)
	add("idle", "Processor for "+n(s.Idle)+" idle connections in channels of 50", chart.Axis{Title: "% of a core"}, r.groups("", "idle")...)
	add("accept", "Processor to accept, verify and join "+n(s.Accept), chart.Axis{Title: "seconds, by factors of ten", Log: true}, r.groups("", "accept")...)
	var cpu, times []chart.Group
	for _, c := range s.Channels {
		cpu = append(cpu, r.groups("channel of "+n(c.Members), told(c.Members))...)
		times = append(times, r.groups("channel of "+n(c.Members), last(c.Members))...)
	}
	add("told", "Processor to tell one member of a join", chart.Axis{Title: "µs, by factors of ten", Log: true}, cpu...)
	add("last", "Until the last member has seen a join, p50", chart.Axis{Title: "ms, by factors of ten", Log: true}, times...)
	add("mass", n(s.Mass)+" join one empty channel at once", chart.Axis{Title: "seconds, by factors of ten", Log: true},
		append(r.groups("until everybody has seen everybody", "mass.time"), r.groups("processor for it", "mass.cpu")...)...)
	return files
}

func (r *Results) titles() []string {
	var titles []string
	for _, m := range r.Systems {
		titles = append(titles, m.Title)
	}
	return titles
}

// groups is one group, or none if nothing was measured.
func (r *Results) groups(title, key string) []chart.Group {
	if !r.measured(key) {
		return nil
	}
	part := ""
	if i := slices.IndexFunc(Figures(r.Scale), func(f Figure) bool { return f.Key == key }); i >= 0 {
		part = Figures(r.Scale)[i].Part
	}
	g := chart.Group{Title: title}
	for _, m := range r.Systems {
		v, _ := m.Median(key)
		note := ""
		if v == 0 && m.Failed[part] != "" {
			note = "fails"
		}
		g.Values, g.Notes = append(g.Values, v), append(g.Notes, note)
	}
	return []chart.Group{g}
}
