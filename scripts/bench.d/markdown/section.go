package markdown

import (
	"errors"
	"strings"
)

// Marks around what is written by a program.
const (
	Begin = "<!-- scripts/bench writes from here -->\n"
	End   = "<!-- to here -->\n"
)

var errNoSection = errors.New("want one line " + strings.TrimSpace(Begin) + " and after it one " + strings.TrimSpace(End))

// Replace returns a text with something else between its marks.
func Replace(text, between string) (string, error) {
	before, rest, begun := strings.Cut(text, Begin)
	_, after, ended := strings.Cut(rest, End)
	if !begun || !ended || strings.Contains(after, Begin) || strings.Contains(after, End) {
		return "", errNoSection
	}
	return before + Begin + "\n" + strings.TrimSpace(between) + "\n\n" + End + after, nil
}
