//go:build unix

package processtest

import (
	"testing"
	"time"
)

// markerPrefix begins the names of markers.
const markerPrefix = "marker"

// watchers follow the same channel.
type watchers []*watcher

// watchAll follows a channel on each of the nodes.
func (c *cluster) watchAll(nodes []*process, channel string) (all watchers) {
	c.t.Helper()
	for _, p := range nodes {
		all = append(all, c.watch(p, channel))
	}
	return all
}

// awaitEach waits until every watcher has had an event of that kind for each user.
func (all watchers) awaitEach(t *testing.T, kind string, users []string) {
	t.Helper()
	for _, w := range all {
		w.awaitEach(t, kind, users)
	}
}

// awaitRoster waits until every watcher lists exactly these users.
func (all watchers) awaitRoster(t *testing.T, users []string) {
	t.Helper()
	for _, w := range all {
		w.awaitRoster(t, users)
	}
}

// mark has a marker join and leave through each of the nodes, and returns when
// every watcher has seen that: what was sent before has then arrived.
func (all watchers) mark(c *cluster, through []*process) {
	c.t.Helper()
	markers := make([]*tab, len(through))
	for i, p := range through {
		markers[i] = c.tab(p, c.name(markerPrefix), all[0].channel, "")
	}
	all.awaitEach(c.t, "join", users(markers))
	for _, marker := range markers {
		if err := marker.bye(); err != nil {
			c.t.Fatal(err)
		}
	}
	all.awaitEach(c.t, "leave", users(markers))
}

// nothingHappened shows that no watcher has had an event that it was not asked
// about yet, nor was sent one that it has still to read.
func (all watchers) nothingHappened(c *cluster, through []*process) {
	c.t.Helper()
	all.mark(c, through)
	for _, w := range all {
		if events := w.flush(); len(events) > 0 {
			c.t.Errorf("%s had %d events, want none: %.600v", w.name, len(events), events)
		}
	}
}

// nothingHappensWithin shows the same for events that come in time to come.
func (all watchers) nothingHappensWithin(c *cluster, through []*process, d time.Duration) {
	c.t.Helper()
	<-time.After(d) // only until it is time for the markers
	all.nothingHappened(c, through)
}
