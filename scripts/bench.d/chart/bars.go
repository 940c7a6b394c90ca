package chart

// Bars shows a value of each of several things, in groups, as bars that lie.
type Bars struct {
	Title  string
	Value  Axis
	Groups []Group
	Names  []string // of the bars of each group, which have the same colors in all
}

// Group is bars that belong together.
type Group struct {
	Title  string
	Values []float64 // one for each name; 0: there is none
	Notes  []string  // what to write instead of values; empty: the value. May be shorter.
}

const (
	barHeight = 15.0
	barGap    = 4.0
	groupGap  = 26.0 // with its title
)

// SVG draws the bars.
func (b Bars) SVG() []byte {
	label := 0.0
	for _, name := range b.Names {
		label = max(label, letter*float64(len([]rune(name)))+8)
	}
	var values []float64
	for _, g := range b.Groups {
		values = append(values, g.Values...)
	}
	group := groupGap + float64(len(b.Names))*(barHeight+barGap)
	if len(b.Groups) == 1 && b.Groups[0].Title == "" {
		group -= groupGap - barGap
	}
	top := margin + title
	bottom := top + group*float64(len(b.Groups)) + 6
	d := begin(bottom+34+margin, b.Title)
	s := newScale(b.Value.Log, values, margin+label, width-margin-70)
	for _, v := range s.ticks() {
		d.grid(s.at(v), top, s.at(v), bottom)
		d.text(s.at(v), bottom+14, "middle", "faint", Number(v))
	}
	d.text((s.from+s.to)/2, bottom+32, "middle", "faint", b.Value.Title)
	for i, g := range b.Groups {
		y := top + group*float64(i) + barGap
		if g.Title != "" {
			d.text(margin, y+14, "start", "", g.Title)
			y += groupGap - barGap
		}
		b.group(d, s, g, y)
	}
	return d.end()
}

func (b Bars) group(d *drawing, s scale, g Group, y float64) {
	for i, name := range b.Names {
		v := g.Values[i]
		base := y + barHeight - 3
		d.text(s.from-6, base, "end", "faint", name)
		note := Number(v)
		if v == 0 {
			note = "–"
		}
		if i < len(g.Notes) && g.Notes[i] != "" {
			note = g.Notes[i]
		}
		end := s.from
		if v > 0 {
			end = s.at(v)
			d.bar(s.from, y, end-s.from, barHeight, i)
		}
		d.text(end+6, base, "start", "", note)
		y += barHeight + barGap
	}
}
