package node

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// clocks measure how fast this node is, at a price that nobody notices: once for each
// diff of a channel and each step that tells of users, whatever the number of followers, and once
// for each tick.
type clocks struct {
	fanout prometheus.Histogram // from a change to the last follower
	tick   prometheus.Histogram // by how much ticks come late
	jobs   atomic.Int64         // made and not delivered yet
}

func newClocks() *clocks {
	histogram := func(name string, buckets ...float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: descriptions[name].help, Buckets: buckets})
	}
	return &clocks{
		fanout: histogram("rollcall_node_fanout_seconds", .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10),
		tick:   histogram("rollcall_node_tick_delay_seconds", .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10),
	}
}

// lastOnes is among how many followers, from the last one on, one is looked for to measure with.
const lastOnes = 16

// measure has the time told that a job takes, from the oldest change in it until it is
// written to the last of the followers. One who has not been written what was
// measured before is passed over, as are those who get no diffs now: how slow these are is counted
// elsewhere, and says nothing of this node.
func (j *job) measure() {
	for i := len(j.to) - 1; i >= max(0, len(j.to)-lastOnes); i-- {
		if j.to[i].measure(j) {
			return
		}
	}
}

func (w *follow) measure(j *job) bool {
	w.conn.mu.Lock()
	defer w.conn.mu.Unlock()
	return w.mode == protocol.Members && !w.gone && !w.stale && w.held == nil && w.conn.sock.Measure(j.since)
}

// measure is that of a job, for the words of a step.
func (all *tellings) measure() {
	for i := len(all.all) - 1; i >= max(0, len(all.all)-lastOnes); i-- {
		if all.all[i].measure(all.since) {
			return
		}
	}
}

func (t telling) measure(since time.Time) bool {
	t.conn.mu.Lock()
	defer t.conn.mu.Unlock()
	return !t.gone && !t.held && !t.owed && t.conn.sock.Measure(since)
}
