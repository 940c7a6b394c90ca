// Package chart draws bars and lines as SVG files that stand alone, are read in light and
// dark, and show the figures themselves.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// The colors of series, in light and in dark, by their order. The first is of what the chart
// is about, the second of the limit, the others of the rest.
var colors = [...][2]string{
	{"#0969da", "#58a6ff"},
	{"#1a7f37", "#3fb950"},
	{"#9a6700", "#d29922"},
	{"#bc4c00", "#f0883e"},
	{"#8250df", "#bc8cff"},
	{"#57606a", "#8b949e"},
}

const (
	margin   = 16.0 // around all
	title    = 26.0 // height of the line on top
	width    = 760.0
	fontSize = 12.0
	letter   = 6.6 // width of one, on the whole
)

// drawing is an SVG that is being written.
type drawing struct{ bytes.Buffer }

// begin opens the picture; its size is in pixels.
func begin(height float64, name string) *drawing {
	d := &drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`+"\n",
		width, height, width, height, escape(name))
	d.WriteString("<style>\ntext{font:12px system-ui,sans-serif;fill:#1f2328}\n.faint{fill:#59636e}\n.title{font-size:14px;font-weight:600}\n" +
		".paper{fill:#ffffff}\n.grid{stroke:#d1d9e0;stroke-width:1}\n.line{fill:none;stroke-width:2}\n")
	for i, c := range colors {
		fmt.Fprintf(d, ".c%d{fill:%s}.s%d{stroke:%s}\n", i, c[0], i, c[0])
	}
	d.WriteString("@media (prefers-color-scheme:dark){\ntext{fill:#f0f6fc}\n.faint{fill:#9198a1}\n.paper{fill:#0d1117}\n.grid{stroke:#3d444d}\n")
	for i, c := range colors {
		fmt.Fprintf(d, ".c%d{fill:%s}.s%d{stroke:%s}\n", i, c[1], i, c[1])
	}
	d.WriteString("}\n</style>\n")
	fmt.Fprintf(d, `<rect class="paper" width="%.0f" height="%.0f" rx="6"/>`+"\n", width, height)
	d.text(margin, margin+fontSize, "start", "title", name)
	return d
}

func (d *drawing) end() []byte {
	d.WriteString("</svg>\n")
	return d.Bytes()
}

// text writes with its base line at y; anchor is start, middle or end.
func (d *drawing) text(x, y float64, anchor, class, text string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`+"\n", x, y, anchor, class, escape(text))
}

func (d *drawing) grid(x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x1, y1, x2, y2)
}

func (d *drawing) bar(x, y, width, height float64, color int) {
	fmt.Fprintf(d, `<rect class="c%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"/>`+"\n", color%len(colors), x, y, max(1, width), height)
}

// legend writes names with their colors in a line that begins at y.
func (d *drawing) legend(y float64, names []string) {
	x := margin
	for i, name := range names {
		d.bar(x, y-9, 10, 10, i)
		d.text(x+15, y, "start", "", name)
		x += 15 + letter*float64(len([]rune(name))) + 18
	}
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes all
	return b.String()
}

func (d *drawing) series(color int, s Series, x, y scale) {
	color %= len(colors)
	fmt.Fprintf(d, `<polyline class="line s%d" points="`, color)
	for _, p := range s.Points {
		fmt.Fprintf(d, "%.1f,%.1f ", x.at(p.X), y.at(p.Y))
	}
	d.WriteString("\"/>\n")
	for _, p := range s.Points {
		fmt.Fprintf(d, `<circle class="c%d" cx="%.1f" cy="%.1f" r="3.5"/>`+"\n", color, x.at(p.X), y.at(p.Y))
	}
}
