package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestChartsAreWellFormed(t *testing.T) {
	odd := `<a & "b">`
	for name, svg := range map[string][]byte{
		"bars": Bars{Title: odd, Value: Axis{odd, true}, Names: []string{odd, "y"},
			Groups: []Group{{odd, []float64{1, 0}, []string{odd}}, {"", []float64{300, 2}, nil}}}.SVG(),
		"no bars":  Bars{Title: "t"}.SVG(),
		"lines":    Lines{Title: odd, X: Axis{odd, true}, Y: Axis{odd, false}, Series: []Series{{odd, []Point{{1, 2}, {100, 0}}}}}.SVG(),
		"no lines": Lines{Title: "t", Y: Axis{Log: true}}.SVG(),
	} {
		d := xml.NewDecoder(strings.NewReader(string(svg)))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v in\n%s", name, err, svg)
				break
			}
		}
		if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
			t.Errorf("%s has coordinates that are no numbers:\n%s", name, svg)
		}
	}
}

func TestScaleHoldsAllValues(t *testing.T) {
	for _, tt := range []struct {
		name   string
		log    bool
		values []float64
		ticks  []float64
	}{
		{"linear from 0", false, []float64{3, 17}, []float64{0, 5, 10, 15, 20}},
		{"linear, at its round end", false, []float64{10}, []float64{0, 2, 4, 6, 8, 10}},
		{"linear, all 0", false, []float64{0}, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{"by tens", true, []float64{3, 170}, []float64{1, 10, 100, 1000}},
		{"by tens, a bar at the least still shows", true, []float64{10, 90}, []float64{1, 10, 100}},
		{"by tens, 0 is left out", true, []float64{0, 20}, []float64{10, 100}},
	} {
		s := newScale(tt.log, tt.values, 0, 100)
		got := s.ticks()
		for i := range got {
			got[i] = float64(int(got[i]*1000+0.5)) / 1000
		}
		if !slices.Equal(got, tt.ticks) {
			t.Errorf("%s: ticks %v, want %v", tt.name, got, tt.ticks)
		}
		if first, last := s.at(s.min), s.at(s.max); first != 0 || last != 100 {
			t.Errorf("%s: the ends are at %v and %v, want 0 and 100", tt.name, first, last)
		}
	}
}

func TestNumbersHaveThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.1234: "0.123", 5.4: "5.4", 12.345: "12.3", 343.2: "343", 1380: "1,380", 20_000: "20,000", 1_234_567: "1,234,567", 0.00123: "0.0012",
	} {
		if got := Number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}
