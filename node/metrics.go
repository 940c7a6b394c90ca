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

// metrics serves the counters of all parts, each under the name of its part and field.
func (n *Node) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collector{n})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// collector reads the counters when it is asked.
type collector struct{ n *Node }

// Describe tells nothing beforehand: the counters are what their structs have.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the counters: a field of type uint64 only grows, an int is a gauge.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	n := c.n
	n.mu.Lock()
	own, view, gossip := n.stats, n.core.View.Stats(), n.core.Gossip.Stats()
	conns, fans, people, ties := len(n.conns), len(n.fans), len(n.people), n.ties
	n.mu.Unlock()
	collect(ch, "node", own)
	collect(ch, "view", view)
	collect(ch, "gossip", gossip)
	collect(ch, "mesh", n.mesh.Stats())
	collect(ch, "door", n.door.Stats())
	collect(ch, "node", struct {
		Sockets, FollowedChannels, FollowedUsers, UserFollowers int
		Refused, Paced, TooFast                                 uint64
	}{conns, fans, people, ties, n.refused.Load(), n.paced.Load(), n.tooFast.Load()})
	if stats := n.heed.hook.Load(); stats != nil {
		collect(ch, "webhook", *stats)
	}
	collect(ch, "events", struct {
		Streams                             int    // consumers of /v1/events
		Sent, Cut, Called, Panicked, Missed uint64 // to these; of these, for being slow; callbacks; of these; for want of room
	}{int(n.heed.streams.Load()), n.heed.sent.Load(), n.heed.cut.Load(), n.heed.callbacks.Load(), n.heed.panics.Load(), n.heed.missed.Load()})
	s := n.acceptor.Stats()
	collect(ch, "socket", struct {
		Open, Queued                                                          int
		Frames, BytesIn, Writes, BytesOut, Refused, Overflow, Oversize, Stuck uint64
	}{int(s.Open.Load()), int(s.Queued.Load()), uint64(s.Frames.Load()), uint64(s.BytesIn.Load()), uint64(s.Writes.Load()),
		uint64(s.BytesOut.Load()), uint64(s.Refused.Load()), uint64(s.Overflow.Load()), uint64(s.Oversize.Load()), uint64(s.Stuck.Load())})
}

func collect(ch chan<- prometheus.Metric, part string, stats any) {
	v := reflect.ValueOf(stats)
	for i := range v.NumField() {
		name := "rollcall_" + part + snake(v.Type().Field(i).Name)
		if f := v.Field(i); f.Kind() == reflect.Uint64 {
			ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(name+"_total", name, nil, nil), prometheus.CounterValue, float64(f.Uint()))
		} else {
			ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, name, nil, nil), prometheus.GaugeValue, float64(f.Int()))
		}
	}
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
