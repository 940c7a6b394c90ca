package chart

import "slices"

// Lines shows how values go with another.
type Lines struct {
	Title  string
	X, Y   Axis
	Series []Series
}

// Series is one line.
type Series struct {
	Name   string
	Points []Point // in order of X
}

// Point is a pair of values.
type Point struct{ X, Y float64 }

const linesHeight = 380.0

// SVG draws the lines.
func (l Lines) SVG() []byte {
	var xs, ys []float64
	var names []string
	for _, s := range l.Series {
		names = append(names, s.Name)
		for _, p := range s.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	d := begin(linesHeight, l.Title)
	if len(names) > 1 {
		d.legend(margin+title+fontSize, names)
	}
	top, bottom := margin+title+34, linesHeight-margin-40
	x := newScale(l.X.Log, xs, margin+64, width-margin-20)
	y := newScale(l.Y.Log, ys, bottom, top)
	for _, v := range y.ticks() {
		d.grid(x.from, y.at(v), x.to, y.at(v))
		d.text(x.from-6, y.at(v)+4, "end", "faint", Number(v))
	}
	slices.Sort(xs)
	for _, v := range slices.Compact(xs) { // only what was measured
		d.grid(x.at(v), bottom, x.at(v), bottom+4)
		d.text(x.at(v), bottom+17, "middle", "faint", Number(v))
	}
	d.text((x.from+x.to)/2, bottom+38, "middle", "faint", l.X.Title)
	d.text(x.from, top-8, "start", "faint", l.Y.Title)
	for i, s := range l.Series {
		d.series(i, s, x, y)
	}
	return d.end()
}
