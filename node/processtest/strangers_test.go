//go:build unix

package processtest

import (
	"net"
	"testing"
)

func TestStrangersAreToldSoAndNeverMixWithTheCluster(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, fast)
	all, _, everybody := c.populate("room", 10)
	for _, tt := range []struct{ name, flag string }{
		{"wrong gossip key", "--gossip-key=" + newKey()},
		{"wrong cluster name", "--cluster=another"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := c.in(t)
			good := c.nodes
			stranger := c.prepare("stranger", c.join()...)
			stranger.args = append(without(stranger.args, tt.flag), tt.flag)
			stranger.start()
			stranger.awaitReady() // for itself, having met nobody
			own := c.tab(stranger, c.name("stranger"), "room", "")
			apart := watchers{c.watch(stranger, "room")}
			apart.awaitRoster(t, []string{own.user})

			const why = "gossip key or cluster name differs"
			stranger.log.await(t, "WARN", why, good[0].gossip)
			stranger.log.await(t, "WARN", why, good[1].gossip)
			for _, p := range good {
				host, _, _ := net.SplitHostPort(stranger.gossip)
				p.log.await(t, "WARN", why, host)
				if refused := p.metric("rollcall_mesh_refused_total"); refused == 0 {
					t.Errorf("%s has counted no refusal", p.name)
				}
				if members := p.metric("rollcall_mesh_members"); members != 2 {
					t.Errorf("%s counts %v members, want 2", p.name, members)
				}
			}
			all.nothingHappened(c, good)
			all.nothingHappensWithin(c, good, 2*c.pace.interval) // in which the seeds are tried again
			apart.nothingHappened(c, []*process{stranger})
			apart.awaitRoster(t, []string{own.user})
		})
	}
	third := c.add("third")
	c.nodes = append(c.nodes, third)
	c.awaitWhole()
	all = append(all, c.watch(third, "room"))
	all.awaitRoster(t, everybody)
	joiner := c.tab(third, c.name("late"), "room", "")
	all.awaitEach(t, "join", []string{joiner.user})
	for _, w := range all {
		if events := w.flush(); len(events) != 1 {
			t.Errorf("%s had events %v, want one join", w.name, events)
		}
	}
}
