package page

import (
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Pairs of colours that carry text, and that only show where something ends.
const (
	texts = `ink/paper ink/sheet ink/good-wash ink/wait-wash soft/paper soft/sheet soft/still-wash good/paper good/sheet
		good/good-wash wait/sheet wait/wait-wash bad/paper bad/sheet bad/still-wash bad/bad-wash still/paper still/still-wash on-strong/good`
	edges = "edge/paper edge/sheet still/paper"
)

func TestColoursCanBeReadByDayAndByNight(t *testing.T) {
	data, err := files.ReadFile("shared/base.css")
	if err != nil {
		t.Fatal(err)
	}
	day, night, ok := strings.Cut(string(data), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there is no night")
	}
	byDay := colours(day)
	byNight := maps.Clone(byDay)
	maps.Copy(byNight, colours(night))
	for name, known := range map[string]map[string]string{"day": byDay, "night": byNight} {
		for pairs, least := range map[string]float64{texts: 4.5, edges: 3} {
			for _, pair := range strings.Fields(pairs) {
				a, b, _ := strings.Cut(pair, "/")
				if c := contrast(t, known[a], known[b]); c < least {
					t.Errorf("by %s %s has a contrast of %.2f, want %.1f", name, pair, c, least)
				}
			}
		}
	}
}

func colours(css string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`--([\w-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// contrast is that of WCAG 2.2, from 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	rgb, err := strconv.ParseUint(colour, 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	part := func(shift int) float64 {
		c := float64(rgb>>shift&0xFF) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
