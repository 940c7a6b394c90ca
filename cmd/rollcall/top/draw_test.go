package top

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
	"github.com/rollcall-presence/rollcall/node"
)

var began = time.UnixMilli(1_800_000_000_000)

// full is a state with something long in every field.
func full() *State {
	long := strings.Repeat("long name ", 20)
	s := &State{At: began, Said: map[string]admin.Node{}, Err: errors.New(long), Why: &admin.Why{}}
	for i := range 5 {
		n := admin.Node{NodeInfo: node.NodeInfo{ID: fmt.Sprint(i), Name: long, State: "late", Sessions: 1 << 30}, Unknown: long}
		s.Cluster.Nodes = append(s.Cluster.Nodes, n)
		s.Said[n.ID] = n
		s.Channels = append(s.Channels, node.Channel{Channel: long, Users: 1 << 30, Sessions: 1 << 30})
	}
	s.Why.User.User, s.Why.Channels = long, []string{long, long}
	s.Why.Sessions = []node.HeldSession{{Session: node.Session{Node: long, Agent: long, Address: "::1"}, Ends: []node.End{{Reason: "timeout", At: 1}}, Unknown: long}}
	for i := range 2 * maxRates {
		s.Count(admin.Figures{Joins: float64(i * i), Leaves: float64(i), Incomplete: true, Users: 1 << 30}, began.Add(time.Duration(i)*time.Second))
	}
	return s
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestNoLineIsWiderThanTheScreen(t *testing.T) {
	s := full()
	for width := range 130 {
		for _, colours := range []bool{false, true} {
			for _, line := range s.Draw(width, 0, colours) {
				if n := utf8.RuneCountInString(escape.ReplaceAllString(line, "")); n > width {
					t.Fatalf("width %d: a line of %d: %q", width, n, line)
				}
				if !colours && strings.Contains(line, "\x1b") {
					t.Fatalf("a colour: %q", line)
				}
			}
		}
		if n := len(s.Draw(width, 10, true)); n > 10 {
			t.Fatalf("%d lines on 10", n)
		}
	}
	if len(s.Rates) != maxRates {
		t.Errorf("%d rates are kept, want %d", len(s.Rates), maxRates)
	}
}

func TestNothingKnownIsDrawnToo(t *testing.T) {
	s := &State{URL: "http://127.0.0.1:9090", Err: errors.New("refused \x1b[2J")}
	if got := strings.Join(s.Draw(80, 24, false), "|"); got != "rollcall at http://127.0.0.1:9090|no answer: refused \ufffd[2J" {
		t.Errorf("%q", got)
	}
}

func TestRatesAreOfWhatWasCountedBetweenTwoLooks(t *testing.T) {
	var s State
	s.Count(admin.Figures{Joins: 5}, began)
	s.Count(admin.Figures{Joins: 9, Leaves: 1}, began.Add(2*time.Second))
	s.Count(admin.Figures{Joins: 1, Leaves: 1}, began.Add(3*time.Second)) // began anew
	s.Count(admin.Figures{Joins: 1, Leaves: 2}, began.Add(4*time.Second))
	if got := fmt.Sprint(s.Rates); got != "[{2 0.5} {0 1}]" {
		t.Errorf("rates %s", got)
	}
}

func TestSparkline(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 5, ""}, {[]float64{0, 0}, 5, "  "}, {[]float64{1}, 5, "█"}, {[]float64{8, 1, 4, 8}, 3, "▂▅█"}, {[]float64{1, 2}, 0, ""}, {[]float64{1}, -3, ""},
	} {
		if got := sparkline(tt.values, tt.width); got != tt.want {
			t.Errorf("%v in %d is %q, want %q", tt.values, tt.width, got, tt.want)
		}
	}
}
