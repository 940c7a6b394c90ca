package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rollcall-presence/rollcall/node"
)

// The types of flags. Each reads its text itself, so that a wrong one is told
// with the flag and what is right, and a secret never shows.

// take returns the texts that stand behind a flag: one, or those of a list in a
// file.
func take(ctx *kong.DecodeContext, want string) ([]string, error) {
	token, err := ctx.Scan.PopValue("value")
	if err != nil { // the end of the line, or another flag, which is not to be printed
		return nil, &wrongValue{flag: ctx.Value.Name, want: want}
	}
	if texts, ok := token.Value.([]string); ok {
		return texts, nil
	}
	return []string{fmt.Sprint(token.Value)}, nil
}

// takeOne returns the only text of a flag that takes one.
func takeOne(ctx *kong.DecodeContext, want string) (string, error) {
	texts, err := take(ctx, want)
	if err != nil {
		return "", err
	}
	return texts[0], nil
}

// takeList returns the texts of a flag that takes several, at commas cut apart.
func takeList(ctx *kong.DecodeContext, want string) ([]string, error) {
	texts, err := take(ctx, want)
	list := []string{}
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list, err
}

// text is a value of any kind.
type text string

func (t *text) Decode(ctx *kong.DecodeContext) error {
	s, err := takeOne(ctx, "a value")
	*t = text(s)
	return err
}

// words are several values. Given but empty they are not nil.
type words []string

func (w *words) Decode(ctx *kong.DecodeContext) error {
	list, err := takeList(ctx, "one or more values, separated by commas")
	if *w == nil {
		*w = words{}
	}
	*w = append(*w, list...)
	return err
}

// toggle is true if its flag stands alone.
type toggle bool

// IsBool tells kong that no value need follow.
func (*toggle) IsBool() bool { return true }

func (t *toggle) Decode(ctx *kong.DecodeContext) error {
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		*t = true
		return nil
	}
	s, err := takeOne(ctx, "")
	if err != nil {
		return err
	}
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		*t = true
	case "false", "no", "off", "0":
		*t = false
	default:
		return &wrongValue{flag: ctx.Value.Name, value: s, want: "true or false"}
	}
	return nil
}

// pause is a length of time, 0 or more.
type pause time.Duration

func (p *pause) Decode(ctx *kong.DecodeContext) error {
	const want = "a time of 0s or more, such as 10s or 500ms"
	s, err := takeOne(ctx, want)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return &wrongValue{flag: ctx.Value.Name, value: s, want: want}
	}
	*p = pause(d)
	return nil
}

// number is a count, or a size in bytes, 1 or more.
type number int

func (n *number) Decode(ctx *kong.DecodeContext) error {
	const want = "a whole number of 1 or more, such as 100 or 16KiB"
	s, err := takeOne(ctx, want)
	if err != nil {
		return err
	}
	digits, factor := s, 1
	for unit, bytes := range map[string]int{"KiB": 1 << 10, "MiB": 1 << 20} {
		if cut, ok := strings.CutSuffix(s, unit); ok {
			digits, factor = strings.TrimSpace(cut), bytes
		}
	}
	i, err := strconv.Atoi(digits)
	if err != nil || i < 1 || i > 1<<31/factor {
		return &wrongValue{flag: ctx.Value.Name, value: s, want: want}
	}
	*n = number(i * factor)
	return nil
}

// rate is how many requests a second, and how many at once.
type rate node.Rate

// rateForm is how a rate is written. What stands for a second may be left out, and
// so may the burst.
var rateForm = regexp.MustCompile(`^(\d{1,9})(?:/s)?(?:(?:/| burst )(\d{1,9}))?$`)

func (r *rate) Decode(ctx *kong.DecodeContext) error {
	const want = "requests a second, or these and how many at once, such as 50 or 50/200"
	s, err := takeOne(ctx, want)
	if err != nil {
		return err
	}
	m := rateForm.FindStringSubmatch(s)
	if m == nil {
		return &wrongValue{flag: ctx.Value.Name, value: s, want: want}
	}
	r.PerSecond, _ = strconv.Atoi(m[1]) // digits that fit
	r.Burst, _ = strconv.Atoi(m[2])     // 0 if there are none
	if r.PerSecond == 0 || m[2] != "" && r.Burst == 0 {
		return &wrongValue{flag: ctx.Value.Name, value: s, want: want}
	}
	return nil
}

// object is a JSON object.
type object json.RawMessage

func (o *object) Decode(ctx *kong.DecodeContext) error {
	const want = `a JSON object, such as {"name":"Alice"}`
	s, err := takeOne(ctx, want)
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &fields); err != nil || fields == nil {
		return &wrongValue{flag: ctx.Value.Name, value: s, want: want}
	}
	*o = object(s)
	return nil
}

// oneOf reads a value that must be among some.
func oneOf(ctx *kong.DecodeContext, values ...string) (string, error) {
	want := strings.Join(values[:len(values)-1], ", ") + " or " + values[len(values)-1]
	s, err := takeOne(ctx, want)
	if err != nil {
		return "", err
	}
	for _, value := range values {
		if s == value {
			return s, nil
		}
	}
	return "", &wrongValue{flag: ctx.Value.Name, value: s, want: want}
}
