package deploy

import (
	"flag"
	"os"
	"strings"
	"testing"
)

const prometheusRule = "kubernetes/monitoring/prometheusrule.yaml"

var update = flag.Bool("update", false, "write "+prometheusRule+" anew")

// The Prometheus Operator wants the alerts inside of an object of its own, and nothing that
// makes manifests can put a file there.
func TestPrometheusRuleHoldsTheAlerts(t *testing.T) {
	var want strings.Builder
	want.WriteString(`# The alerts of ../../prometheus/rules.yaml, as the Prometheus Operator takes them. Change them there, then:
#
#   go test ./scripts/deploy -run PrometheusRule -update
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: rollcall
spec:
`)
	rules := string(content(t, rulesFile))
	for line := range strings.Lines(rules[strings.Index(rules, "groups:\n"):]) {
		if line != "\n" {
			want.WriteString("  ")
		}
		want.WriteString(line)
	}
	if *update {
		if err := os.WriteFile(prometheusRule, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if string(content(t, prometheusRule)) != want.String() {
		t.Errorf("%s does not hold the alerts of %s as they are now: go test ./scripts/deploy -run PrometheusRule -update", prometheusRule, rulesFile)
	}
}
