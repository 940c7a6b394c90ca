package node

import (
	_ "embed"
	"regexp"
	"strings"
)

// metricsText is the page that describes all metrics, to people and, as their help, to
// Prometheus.
//
//go:embed METRICS.md
var metricsText string

// description is what METRICS.md says of one metric.
type description struct {
	labels []string
	kind   string // counter, gauge or histogram
	help   string
}

// descriptions are those of METRICS.md of METRICS.md by name.
var descriptions = describe(metricsText)

// metricRow is a row of the page: `name{labels}`, kind, help.
var metricRow = regexp.MustCompile("(?m)^\\| `(rollcall_\\w+)(?:\\{([\\w,]+)\\})?` \\| (\\w+) \\| (.+) \\|$")

func describe(page string) map[string]description {
	all := map[string]description{}
	for _, row := range metricRow.FindAllStringSubmatch(page, -1) {
		d := description{kind: row[3], help: strings.ReplaceAll(row[4], "`", "")}
		if row[2] != "" {
			d.labels = strings.Split(row[2], ",")
		}
		all[row[1]] = d
	}
	return all
}
