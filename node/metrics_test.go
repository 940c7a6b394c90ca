package node

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node/webhook"
)

// withEverything returns a node, which does not run, with webhooks and a certificate.
func withEverything(t *testing.T) *Node {
	t.Helper()
	files := newPair(t)
	files.write(selfSigned(t, "scraped"))
	n, err := New(Config{
		Name: "scraped", Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Gossip: "127.0.0.1:0",
		Auth: testAuth, TLSCert: files.cert, TLSKey: files.key,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.shut)
	n.heed.hook.Store(&webhook.Stats{})
	return n
}

func (n *Node) scrape(t *testing.T) string {
	t.Helper()
	response := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Host = "127.0.0.1"
	n.AdminHandler().ServeHTTP(response, request)
	if response.Code != http.StatusOK {
		t.Fatalf("status %d: %s", response.Code, response.Body)
	}
	return response.Body.String()
}

// series returns the value of one series, as name{label="value"}.
func (n *Node) series(t *testing.T, name string) float64 {
	t.Helper()
	for line := range strings.Lines(n.scrape(t)) {
		if text, is := strings.CutPrefix(line, name+" "); is {
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("there is no series %s", name)
	return 0
}

var typeLine = regexp.MustCompile(`(?m)^# TYPE (rollcall_\w+) (\w+)$`)

func TestMetricsPageDescribesEveryMetricAndNoOther(t *testing.T) {
	told := map[string]string{}
	for _, line := range typeLine.FindAllStringSubmatch(withEverything(t).scrape(t), -1) {
		told[line[1]] = line[2]
	}
	for name, kind := range told {
		if is := descriptions[name].kind; is != kind {
			t.Errorf("METRICS.md says that %s is a %q, and it is a %s", name, is, kind)
		}
	}
	for name := range descriptions {
		if told[name] == "" {
			t.Errorf("METRICS.md describes %s, which no node tells", name)
		}
	}
}

// No row may be skipped because it does not look like one.
func TestMetricsPageIsReadWhole(t *testing.T) {
	rows := strings.Count(metricsText, "\n| `")
	if len(descriptions) != rows || rows < 100 {
		t.Errorf("%d rows were read as %d metrics", rows, len(descriptions))
	}
}

func TestMetricsKeepPrometheusConventions(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(withEverything(t).scrape(t))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "rollcall_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestTallyHasNoMoreValuesThanItWasMadeWith(t *testing.T) {
	n := newTally("a", "b")
	for _, v := range []string{"b", "x", "y", "b", "z"} {
		n.add(v)
	}
	if got, want := n.read(), map[string]uint64{"a": 0, "b": 2, other: 3}; !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestEveryReasonToRefuseATokenIsASeriesFromTheStart(t *testing.T) {
	text := withEverything(t).scrape(t)
	for _, reason := range slices.Concat(auth.Reasons(), []auth.Reason{noToken, noKeys}) {
		if line := `rollcall_node_tokens_refused_total{reason="` + string(reason) + `"} 0`; !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// Metrics that have gone by another name live on in what people read.
func TestDocumentsNameMetricsThatThereAre(t *testing.T) {
	full := regexp.MustCompile("`(rollcall_[a-z]+_[a-z_]+[a-z])\\b")
	for _, path := range []string{"../README.md", "EVENTS.md", "PROTOCOL.md", "METRICS.md"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range full.FindAllStringSubmatch(string(text), -1) {
			if _, is := descriptions[use[1]]; !is {
				t.Errorf("%s tells of %s, which METRICS.md does not describe", path, use[1])
			}
		}
	}
}
