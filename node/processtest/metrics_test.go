//go:build unix

package processtest

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
)

// metrics returns what /metrics tells, by name. Series with labels are added up.
func (p *process) metrics() map[string]float64 {
	p.t.Helper()
	response, err := http.Get("http://" + p.admin + "/metrics")
	if err != nil {
		p.t.Fatalf("metrics of %s: %v", p.name, err)
	}
	defer response.Body.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		series, text, _ := strings.Cut(lines.Text(), " ")
		name, _, _ := strings.Cut(series, "{")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			values[name] += value
		}
	}
	return values
}

// metric returns one of the metrics. One that does not exist is a mistake of the test.
func (p *process) metric(name string) float64 {
	p.t.Helper()
	value, ok := p.metrics()[name]
	if !ok {
		p.t.Fatalf("%s has no metric %s", p.name, name)
	}
	return value
}
