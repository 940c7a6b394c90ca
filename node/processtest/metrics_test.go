//go:build unix

package processtest

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
)

// adminKey is that of nodes whose admin address is not on loopback; the others need none.
const adminKey = "a-key-that-only-these-tests-have"

// metrics returns what /metrics tells, by name. Series with labels are added up.
func (p *process) metrics() map[string]float64 {
	p.t.Helper()
	request, err := http.NewRequest("GET", "http://"+p.admin+"/metrics", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := http.DefaultClient.Do(request)
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
