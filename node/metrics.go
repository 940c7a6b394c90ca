package node

import (
	"net/http"
	"reflect"
	"strings"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves what /metrics tells, which METRICS.md describes.
func (n *Node) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collector{n})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// collector reads the counters of all parts when it is asked. Each field of their structs
// is a metric: the name is made of those of the part and the field, the help and the name of
// the label are those of METRICS.md.
type collector struct{ n *Node }

// Describe tells nothing beforehand: the counters are what their structs have.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the counters.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	n := c.n
	n.mu.Lock()
	own, view, gossip := n.stats, n.core.View.Stats(), n.core.Gossip.Stats()
	state, cluster := n.nodeState(), n.clusterState()
	n.mu.Unlock()
	ch <- n.infoMetric()
	n.clocks.fanout.Collect(ch)
	n.clocks.tick.Collect(ch)
	collect(ch, "node", own)
	collect(ch, "node", state)
	collect(ch, "node", n.refusals())
	collect(ch, "view", view)
	collect(ch, "view", struct{ Leaves map[string]uint64 }{leavesByReason(view)})
	collect(ch, "gossip", gossip)
	collect(ch, "gossip", cluster)
	collect(ch, "mesh", n.mesh.Stats())
	collect(ch, "door", n.door.Stats())
	collect(ch, "socket", n.socketState())
	collect(ch, "events", n.heed.state())
	if stats := n.heed.hook.Load(); stats != nil {
		collect(ch, "webhook", *stats)
	}
	if n.verifier != nil {
		collect(ch, "auth", keyStateOf(n.verifier.KeySets()))
	}
	if n.certificate != nil {
		collect(ch, "node", n.certificate.state())
	}
}

// collect sends the fields of a struct. By its type a field is a counter (uint64), a gauge (int
// or float64), or one of these for each value of a label (a map). Others are no metrics.
func collect(ch chan<- prometheus.Metric, part string, stats any) {
	v := reflect.ValueOf(stats)
	for i := range v.NumField() {
		name := "rollcall_" + part + snake(v.Type().Field(i).Name)
		switch f := v.Field(i).Interface().(type) {
		case uint64:
			ch <- metric(name+"_total", prometheus.CounterValue, float64(f))
		case int:
			ch <- metric(name, prometheus.GaugeValue, float64(f))
		case float64:
			ch <- metric(name, prometheus.GaugeValue, f)
		case map[string]uint64:
			for value, count := range f {
				ch <- metric(name+"_total", prometheus.CounterValue, float64(count), value)
			}
		case map[string]int:
			for value, count := range f {
				ch <- metric(name, prometheus.GaugeValue, float64(count), value)
			}
		}
	}
}

// metric is one value, of a metric with as many labels as there are values of these.
func metric(name string, kind prometheus.ValueType, value float64, labels ...string) prometheus.Metric {
	d := descriptions[name]
	return prometheus.MustNewConstMetric(prometheus.NewDesc(name, d.help, d.labels, nil), kind, value, labels...)
}

// snake turns OldBeats into _old_beats.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
