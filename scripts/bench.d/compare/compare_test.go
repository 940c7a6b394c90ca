package compare

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/limit"
)

// TestMain lets the test's own program be a limit program, as the bench's is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && strings.HasPrefix(os.Args[1], "--limit=") {
		if err := beLimit(strings.TrimPrefix(os.Args[1], "--limit=")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func beLimit(kind string) error {
	return limit.Run(context.Background(), kind, os.Stdout, []byte(os.Getenv("PEER_SECRET")))
}

func TestEachPartNotesItsFigures(t *testing.T) {
	tiny := Scale{Connections: 20, Idle: 20, Look: time.Millisecond, Rest: time.Millisecond, Accept: 20, Channels: []Channel{{5, 2}}, Mass: 10, Silent: 1}
	r, err := Run(t.Context(), Plan{Systems: Limits()[1:], Parts: Parts, Rounds: 2, Scale: tiny, Say: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Systems {
		if len(m.Failed) > 0 {
			t.Errorf("%s fails: %v", m.Name, m.Failed)
		}
		for _, f := range Figures(tiny) {
			want := 2
			if f.Part == "silent" || f.Part == "crash" {
				want = 0
			}
			if got := len(m.Samples[f.Key]); got != want {
				t.Errorf("%s has %d samples of %q, want %d", m.Name, got, f.Key, want)
			}
		}
	}
}

func TestMedianAndSpread(t *testing.T) {
	m := Measured{Samples: map[string][]float64{"odd": {9, 1, 5}, "even": {4, 1, 2, 9}}}
	for key, want := range map[string]float64{"odd": 5, "even": 3} {
		if got, ok := m.Median(key); got != want || !ok {
			t.Errorf("the median of %v is %v, want %v", m.Samples[key], got, want)
		}
	}
	if least, most := m.Spread("even"); least != 1 || most != 9 {
		t.Errorf("the spread is %v to %v", least, most)
	}
	if _, ok := m.Median("none"); ok {
		t.Error("nothing has a median")
	}
}

// results are of all roles, with one figure that reaches its target and one that does not.
func results() *Results {
	return &Results{Scale: Full(), Parts: []string{"memory", "mass"}, Systems: []Measured{
		{Name: "rollcall", Title: "Rollcall", Role: Ours, Samples: map[string][]float64{"memory": {9, 10, 12}, "empty": {20}}},
		{Name: "a", Title: "A", Role: Limit, Samples: map[string][]float64{"memory": {5}}},
		{Name: "b", Title: "B", Role: Limit, Samples: map[string][]float64{"memory": {4}}},
		{Name: "c", Title: "C", Role: Peer, Versions: "c 1.2, Redis 7", Samples: map[string][]float64{"memory": {40}}, Failed: map[string]string{"mass": "all dropped"}},
	}}
}

func TestTableComparesWithTheBestOfEachRole(t *testing.T) {
	var b strings.Builder
	if err := results().Markdown(&b); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ") // the columns' widths are another's test
	for _, want := range []string{
		"| **10 (9–12)** ✗ | 5 | 4 | 40 | ≤ 8 | × 2.5 | × 0.25 |",
		"| **20** | | | |", "| fails |", "C, mass: all dropped", "Versions: C is c 1.2, Redis 7.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "silent") {
		t.Errorf("what was not measured is in the table:\n%s", b.String())
	}
}

func TestVersionsAreFoundInWhatProgramsSay(t *testing.T) {
	for said, want := range map[string]string{
		"v20.19.2\n": "20.19.2",
		"Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1\n": "7.0.15",
	} {
		if got, err := parseVersion(said); got != want || err != nil {
			t.Errorf("version in %q is %q, %v, want %q", said, got, err, want)
		}
	}
	if got, err := parseVersion("command failed"); err == nil {
		t.Errorf("nothing was said, and taken for version %q", got)
	}
}

func TestRunsArePutTogether(t *testing.T) {
	r, other := results(), results()
	other.Parts = []string{"idle"}
	other.Systems = append(other.Systems[:1], Measured{Name: "d", Title: "D", Role: Peer, Samples: map[string][]float64{"memory": {30}}})
	if err := r.Add(other); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(r.Parts, len(r.Systems), r.Systems[0].Samples["memory"], r.best(Peer, "memory")); got != "[memory idle mass] 5 [9 10 12 9 10 12] 30" {
		t.Errorf("got %s", got)
	}
	other.Scale = Quick()
	if err := r.Add(other); err == nil {
		t.Error("a quick run is taken for a full one")
	}
}

func TestChartsAreOfWhatWasMeasured(t *testing.T) {
	files := results().Charts()
	if len(files) != 1 || files[0].Name != "memory" || !strings.Contains(string(files[0].SVG), "Rollcall") {
		t.Errorf("got %v", files)
	}
}

func TestTargetIsReachedByItselfOrAgainstTheLimit(t *testing.T) {
	f := Figure{Target: 8, Times: 1.5}
	for _, tt := range []struct {
		about    string
		f        Figure
		v, limit float64
		want     bool
	}{
		{"little", f, 8, 1, true},
		{"much, and the limit little", f, 8.1, 5, false},
		{"much, on a slow machine", f, 12, 8, true},
		{"much, without a limit", f, 8.1, 0, false},
		{"memory is the same everywhere", Figure{Target: 8}, 8.1, 100, false},
		{"there is no target", Figure{}, 100, 1, true},
	} {
		if got := tt.f.reached(tt.v, tt.limit); got != tt.want {
			t.Errorf("%s: %v", tt.about, got)
		}
	}
}
