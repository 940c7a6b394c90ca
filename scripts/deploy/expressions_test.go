package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	rulesFile     = "prometheus/rules.yaml"
	alertsTest    = "prometheus/alerts.test.yaml"
	dashboardFile = "grafana/rollcall.json"
)

// rule is one alert.
type rule struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func alerts(t *testing.T) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal(content(t, rulesFile), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 10 {
		t.Fatalf("%d alerts were read", len(all))
	}
	return all
}

// panel is what a test looks at of a panel.
type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	GridPos     struct{ X, Y, W, H int }
	Datasource  struct{ UID string }
	Targets     []struct{ Expr string }
}

// dashboard is what a test looks at of the dashboard.
type dashboard struct {
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name  string
			Query json.RawMessage
		}
	}
	Panels []panel
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal(content(t, dashboardFile), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) < 10 {
		t.Fatalf("%d panels were read", len(d.Panels))
	}
	return d
}

// filled puts something into the places of Grafana's variables.
var filled = strings.NewReplacer("$node", "a|b", "$cluster", "rollcall", "$__rate_interval", "5m")

// expressions returns all expressions of the dashboard, by panel.
func (d dashboard) expressions() map[string][]string {
	all := map[string][]string{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all[p.Title] = append(all[p.Title], filled.Replace(target.Expr))
		}
	}
	return all
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var (
	named   = regexp.MustCompile(`\b((?:rollcall|process|go)_\w+)(?:\{([^}]*)\})?`)
	matcher = regexp.MustCompile(`(\w+)=~?"([^"]*)"`)
	grouped = regexp.MustCompile(`\b(?:by|on|group_left) \(([^)]*)\)`)
)

// given are labels that Prometheus adds.
var given = []string{"instance", "job", "le"}

// missing returns what an expression asks for and no node tells: a metric, a label or the
// value of one.
func (n told) missing(expr string) (all []string) {
	found := named.FindAllStringSubmatch(expr, -1)
	for _, use := range found {
		labels, is := n[use[1]]
		if !is {
			all = append(all, use[1])
			continue
		}
		for _, m := range matcher.FindAllStringSubmatch(use[2], -1) {
			for _, value := range strings.Split(m[2], "|") {
				if !slices.Contains(given, m[1]) && !slices.Contains(labels[m[1]], value) {
					all = append(all, fmt.Sprintf("%s{%s=%q}", use[1], m[1], value))
				}
			}
		}
	}
	for _, by := range grouped.FindAllStringSubmatch(expr, -1) {
		for _, label := range strings.Split(by[1], ", ") {
			has := func(use []string) bool { return n[use[1]][label] != nil }
			if label != "" && !slices.Contains(given, label) && !slices.ContainsFunc(found, has) {
				all = append(all, "label "+label)
			}
		}
	}
	return all
}

func TestAlertsAndDashboardAskForWhatNodesTell(t *testing.T) {
	n := ask(t)
	check := func(where, expr string) {
		for _, what := range n.missing(expr) {
			t.Errorf("%s asks for %s, which no node tells", where, what)
		}
	}
	for _, r := range alerts(t) {
		check(r.Alert, r.Expr)
	}
	d := readDashboard(t)
	for title, all := range d.expressions() {
		for _, expr := range all {
			check(title, expr)
		}
	}
	for _, v := range d.Templating.List {
		check("variable "+v.Name, filled.Replace(string(v.Query)))
	}
}

func TestWhatNoNodeTellsIsFound(t *testing.T) {
	n := read("rollcall_a{state=\"late\"} 1\nrollcall_b 2\n")
	for expr, wrong := range map[string]bool{
		`rollcall_a{instance=~"x", state="late"} > 1`: false,
		`sum by (job, state) (rollcall_a)`:            false,
		`rollcall_b / rollcall_c`:                     true,
		`rollcall_a{state=~"late|lost"}`:              true,
		`sum by (reason) (rollcall_a)`:                true,
	} {
		if missing := n.missing(expr); len(missing) > 0 != wrong {
			t.Errorf("%s: found to be missing %q, want any: %v", expr, missing, wrong)
		}
	}
}
