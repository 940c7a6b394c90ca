// Package markdown writes tables that are read as they are, and by what shows Markdown.
package markdown

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table writes rows, of which the first is the head. All have the same number of cells. The
// first column is text and the others are figures, which end at the right.
func Table(w io.Writer, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(escape(cell)), 3)
		}
	}
	for n, row := range rows {
		if err := line(w, row, widths); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		rule := make([]string, len(widths))
		for i, width := range widths {
			rule[i] = strings.Repeat("-", width)
			if i > 0 {
				rule[i] = rule[i][1:] + ":"
			}
		}
		if err := line(w, rule, widths); err != nil {
			return err
		}
	}
	return nil
}

func line(w io.Writer, cells []string, widths []int) error {
	for i, cell := range cells {
		cell = escape(cell)
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 0 {
			cell += space
		} else {
			cell = space + cell
		}
		if _, err := fmt.Fprintf(w, "| %s ", cell); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "|")
	return err
}

func escape(cell string) string { return strings.ReplaceAll(cell, "|", `\|`) }
