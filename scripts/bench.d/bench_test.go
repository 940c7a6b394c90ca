package main

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestPercentileIsOneOfTheSamples(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, tt := range []struct {
		name    string
		sorted  []time.Duration
		percent int
		want    time.Duration
	}{
		{"half of a hundred", hundred, 50, 50},
		{"the last but one of a hundred", hundred, 99, 99},
		{"the maximum", hundred, 100, 100},
		{"nothing lies below the least", hundred, 0, 1},
		{"one sample is all there is", hundred[:1], 99, 1},
		{"rounded up to a sample", hundred[:3], 50, 2},
	} {
		if got := percentile(tt.sorted, tt.percent); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestMetricsWithoutLabelsAreRead(t *testing.T) {
	const text = `# HELP rollcall_view_sessions rollcall_view_sessions
# TYPE rollcall_view_sessions gauge
rollcall_view_sessions 12
go_info{version="go1.26.0"} 1
process_resident_memory_bytes 2.2e+07
`
	got, err := readMetrics(strings.NewReader(text))
	want := metrics{sessions: 12, "process_resident_memory_bytes": 2.2e7}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := readMetrics(strings.NewReader("a b\n")); err == nil {
		t.Error("a value that is no number is taken")
	}
}

func TestSummaryComparesWithItsFloor(t *testing.T) {
	rows := summarize([]*probe{
		{name: "relay", took: []time.Duration{3 * time.Microsecond, time.Microsecond, 2 * time.Microsecond}},
		{name: "join", floor: "relay", took: []time.Duration{5 * time.Microsecond}},
	})
	if rows[0].P50 != 2 || rows[0].Max != 3 || rows[0].Ratio != 0 || rows[1].Ratio != 2.5 {
		t.Errorf("got %+v", rows)
	}
}

func TestReportsArePutTogether(t *testing.T) {
	folder := t.TempDir()
	var files []string
	for i, text := range []string{
		`{"machine":{"revision":"r","cpus":2},"latency":[{"name":"old","samples":1}],"idle":[{"sessions":3}]}`,
		`{"machine":{"revision":"r","cpus":2},"latency":[{"name":"new","samples":2}]}`,
		`{"machine":{"revision":"other"}}`,
	} {
		files = append(files, filepath.Join(folder, strconv.Itoa(i)))
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := read(files[:2])
	if err != nil || r.Machine.CPUs != 2 || len(r.Latency) != 1 || r.Latency[0].Name != "new" || len(r.Idle) != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := read(files); err == nil {
		t.Error("reports of two revisions are put together")
	}
}

func TestReportShowsAllTablesAndCharts(t *testing.T) {
	r := &report{
		Crash:     &crash{Users: 2, First: []float64{12}, Last: []float64{12.5, 13}},
		Latency:   []latency{{Name: "join", Samples: 3}},
		Following: []following{{Name: "one follows"}},
		Idle:      []idle{{Sessions: 4}},
		Scaling: &scaling{[]connections{{1000, 8192, 0.01}}, []channel{{10, 5, 1, 2}},
			[]growth{{Nodes: 1, Joins: 20}, {Nodes: 3, Joins: 20}}},
	}
	var b strings.Builder
	if err := r.print(&b, "folder"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"12.5 to 13.0", "| join ", "| one follows ", "| 4 ", "| 1,000 ", "| nodes ", "(folder/members-last.svg)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestSizesNeedNoMoreFilesThanThereMayBe(t *testing.T) {
	for _, tt := range []struct {
		files int
		want  []int
	}{
		{1 << 20, []int{10, 5000, 20_000}},
		{20_000, []int{10, 5000, 18_000}},
		{4096, []int{10, 3000}},
		{1024, nil},
	} {
		if got := possible([]int{10, 5000, 20_000}, tt.files); !slices.Equal(got, tt.want) {
			t.Errorf("with %d files: %v, want %v", tt.files, got, tt.want)
		}
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"--only", "speed"}, {"latency"}, {"--fast"}, {"--systems", "other"}, {"--figures", "idle,beauty"}, {"--rounds", "-1"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	o, err := parse([]string{"--quick", "--only", "idle"}, io.Discard)
	if err != nil || !o.quick || !slices.Equal(o.parts, []string{"idle"}) || o.look >= 30*time.Second {
		t.Errorf("--quick --only idle: %+v, %v", o, err)
	}
}
