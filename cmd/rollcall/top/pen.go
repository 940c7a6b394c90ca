package top

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// piece is text of one colour: the ANSI code of it, or 0.
type piece struct {
	text string
	code int
}

func plain(text string) piece  { return piece{text, 0} }
func bold(text string) piece   { return piece{text, 1} }
func dim(text string) piece    { return piece{text, 2} }
func red(text string) piece    { return piece{text, 31} }
func green(text string) piece  { return piece{text, 32} }
func yellow(text string) piece { return piece{text, 33} }

// pen writes lines that are not wider than the screen.
type pen struct {
	width   int
	colours bool
	lines   []string
}

// line writes a line. What does not fit is cut off, and an ellipsis says so.
func (p *pen) line(pieces ...piece) {
	var b strings.Builder
	left := p.width
	for i, one := range pieces {
		rest := 0
		for _, later := range pieces[i+1:] {
			rest += utf8.RuneCountInString(later.text)
		}
		text := strings.Map(harmless, one.text)
		if n := utf8.RuneCountInString(text); n > left || n == left && rest > 0 {
			text = cut(text, left)
			left = 0
		} else {
			left -= n
		}
		if p.colours && one.code > 0 && text != "" {
			fmt.Fprintf(&b, "\x1b[%dm%s\x1b[0m", one.code, text)
		} else {
			b.WriteString(text)
		}
		if left == 0 {
			break
		}
	}
	p.lines = append(p.lines, strings.TrimRight(b.String(), " "))
}

// harmless replaces what could move the cursor or turn the line around, whoever it came from.
func harmless(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

// row writes a line of columns; the last one takes what is left. The second is coloured, or all
// if that is dim.
func (p *pen) row(columns []int, colour func(string) piece, cells ...string) {
	var pieces []piece
	for i, cell := range cells {
		if i < len(columns) {
			cell = cut(cell, columns[i]-1)
			cell += strings.Repeat(" ", columns[i]-utf8.RuneCountInString(cell))
		}
		if made := colour(cell); i == 1 || made.code == 2 {
			pieces = append(pieces, made)
		} else {
			pieces = append(pieces, plain(cell))
		}
	}
	p.line(pieces...)
}

// cut returns a text of at most so many characters.
func cut(text string, most int) string {
	runes := []rune(text)
	switch {
	case len(runes) <= most:
		return text
	case most <= 0:
		return ""
	default:
		return string(runes[:most-1]) + "…"
	}
}

var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws the newest values, as many as there is room for. A value of 0 is blank.
func sparkline(values []float64, width int) string {
	values = values[max(0, len(values)-max(0, width)):]
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	line := make([]rune, len(values))
	for i, v := range values {
		line[i] = ' '
		if v > 0 {
			line[i] = bars[min(len(bars)-1, int(v/most*float64(len(bars))))]
		}
	}
	return string(line)
}

// rate is the newest value a second, in 8 characters.
func rate(values []float64) string {
	if len(values) == 0 {
		return "     …   "
	}
	v := values[len(values)-1]
	if v >= 100 {
		return fmt.Sprintf("%6.0f/s ", v)
	}
	return fmt.Sprintf("%6.1f/s ", v)
}

// lasting is a length of time, in its largest unit.
func lasting(d time.Duration) string {
	switch d = max(0, d.Round(time.Second)); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
}

// until says in how long a moment is, Unix milliseconds.
func until(now time.Time, at int64) string {
	if d := time.UnixMilli(at).Sub(now); d > time.Second {
		return "in " + lasting(d)
	}
	return "now"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// word quotes a name that could move the cursor, or seem another one.
func word(name string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == '"' }
	if name == "" || strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

func words(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = word(name)
	}
	return strings.Join(all, ", ")
}
