package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rollcall-presence/rollcall/node/client"
)

// line is what a watcher has to say of one user in one channel.
type line struct {
	Time    int64          `json:"time"` // Unix milliseconds by the local clock, when it came
	Channel string         `json:"channel"`
	Event   string         `json:"event"` // here, join, update or leave
	User    string         `json:"user"`
	Member  *client.Member `json:"member,omitempty"`
	Reason  string         `json:"reason,omitempty"` // of a leave
}

// printer writes lines. An error of it ends the watching, as where the reader of
// a pipe has gone.
type printer interface {
	print(line) error
}

// jsonPrinter writes an object a line.
type jsonPrinter struct{ *json.Encoder }

func (p *jsonPrinter) print(l line) error { return p.Encode(l) }

// textPrinter writes for people.
type textPrinter struct{ w io.Writer }

func (p *textPrinter) print(l line) error {
	words := []string{clock(l.Time), printable(l.Channel), l.Event, printable(l.User)}
	if m := l.Member; m != nil {
		if m.Status != "" {
			words = append(words, printable(m.Status))
		}
		if l.Event == "here" {
			words = append(words, "since", clock(m.Since))
		}
		if len(m.Data) > 0 {
			words = append(words, harmless(string(m.Data)))
		}
	}
	if l.Reason != "" {
		words = append(words, "("+printable(l.Reason)+")")
	}
	_, err := fmt.Fprintln(p.w, strings.Join(words, " "))
	return err
}

func clock(milliseconds int64) string {
	return time.UnixMilli(milliseconds).Format("15:04:05.000")
}

// printable quotes a name that would not be one word, or not the one it seems.
func printable(name string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' || r == '"' }
	if name == "" || strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

// harmless escapes what could move a terminal's cursor, or the reading order of
// a line, in JSON that somebody else wrote.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
