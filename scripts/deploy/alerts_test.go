package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestEveryAlertSaysWhatToDoAndIsSeenToFire(t *testing.T) {
	tests := string(content(t, alertsTest))
	seen := map[string]bool{}
	for _, r := range alerts(t) {
		if seen[r.Alert] {
			t.Errorf("two alerts are called %s", r.Alert)
		}
		seen[r.Alert] = true
		for _, name := range []string{"summary", "description", "action"} {
			if r.Annotations[name] == "" {
				t.Errorf("%s has no %s", r.Alert, name)
			}
		}
		severity := r.Labels["severity"]
		if severity != "critical" && severity != "warning" {
			t.Errorf("%s is of severity %q, want critical or warning", r.Alert, severity)
		}
		if !strings.Contains(tests, `alertname="`+r.Alert+`", severity="`+severity+`"`) {
			t.Errorf("no test in %s has %s fire as %s", alertsTest, r.Alert, severity)
		}
	}
}

// Alerts name flags and metrics in what they say to people, too.
func TestAlertsNameMetricsThatThereAre(t *testing.T) {
	n := ask(t)
	for _, r := range alerts(t) {
		for _, text := range r.Annotations {
			for _, use := range named.FindAllStringSubmatch(text, -1) {
				if n[use[1]] == nil {
					t.Errorf("%s tells of %s, which no node tells", r.Alert, use[1])
				}
			}
		}
	}
}

// promtool runs Prometheus' own checks.
func promtool(t *testing.T, args ...string) { promtoolReads(t, "", args...) }

// promtoolReads is promtool with an input.
func promtoolReads(t *testing.T, input string, args ...string) {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("SKIPPED: no promtool here (Debian has it in the package prometheus), so Prometheus itself has not looked at this")
	}
	command := exec.Command(tool, args...)
	command.Stdin = strings.NewReader(input)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolTakesTheRules(t *testing.T) { promtool(t, "check", "rules", rulesFile) }

// What client_golang tells of Go itself is not ours to name.
func TestPromtoolTakesTheMetrics(t *testing.T) {
	var own strings.Builder
	for line := range strings.Lines(scrape(t)) {
		if strings.Contains(line, "rollcall_") {
			own.WriteString(line)
		}
	}
	promtoolReads(t, own.String(), "check", "metrics")
}

func TestAlertsFireWhenTheyShould(t *testing.T) { promtool(t, "test", "rules", alertsTest) }

// promtool parses rules and nothing else, so the dashboard is made into some.
func TestPromtoolParsesTheDashboard(t *testing.T) {
	type record struct{ Record, Expr string }
	var all []record
	for _, exprs := range readDashboard(t).expressions() {
		for _, expr := range exprs {
			all = append(all, record{"panel", expr})
		}
	}
	file, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": all}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", "--lint=none", path)
}
