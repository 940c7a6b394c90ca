//go:build unix

package processtest

import "github.com/rollcall-presence/rollcall/node/client"

// guests are users on some nodes who all do the same at the same time. Each step is told
// by all streams before the next one begins, so that no node sees two as one.
type guests struct {
	*cluster
	streams  streams // of nodes that live
	tabs     []*tab
	updates  int // of each, in the channel
	sessions int // that each has begun
}

// guests has users come to each of the nodes.
func (c *cluster) guests(all streams, n int, nodes []*process) *guests {
	c.t.Helper()
	g := &guests{cluster: c, streams: all, tabs: make([]*tab, n*len(nodes)), sessions: 1}
	each(c.t, len(g.tabs), func(i int) (err error) {
		g.tabs[i], err = c.open(c.t.Context(), nodes[i%len(nodes)], c.name("guest"), "room", "")
		return err
	})
	c.t.Cleanup(func() {
		for _, tab := range g.tabs {
			tab.Break()
		}
	})
	g.told("channel.join", 1)
	return g
}

// told waits until all streams have told of each of them so many events of a type.
func (g *guests) told(kind string, times int) {
	g.t.Helper()
	g.streams.await(g.t, users(g.tabs), kind, times)
}

// ask has all of them send a request.
func (g *guests) ask(r client.Request) {
	g.t.Helper()
	each(g.t, len(g.tabs), func(i int) error { return g.tabs[i].do(r) })
}

// change has all of them change something that shows in the channel.
func (g *guests) change(r client.Request) {
	g.t.Helper()
	g.ask(r)
	g.updates++
	g.told("channel.update", g.updates)
}

// live has them do all that there are events of.
func (g *guests) live() {
	g.t.Helper()
	g.change(away)
	g.told("user.away", 1)
	g.change(active)
	g.change(busy)
	g.change(typing)
}

// killDuring kills the node that all of them are on while they ask it for something.
func (g *guests) killDuring(r client.Request) {
	g.t.Helper()
	at := g.tabs[0].at
	each(g.t, len(g.tabs)+1, func(i int) error {
		if i == len(g.tabs) {
			return at.cmd.Process.Kill()
		}
		_ = g.tabs[i].do(r) // some are answered, and others not
		return nil
	})
	at.wait(patience)
}

// move has those whose sockets broke come back to other nodes.
func (g *guests) move(nodes []*process) {
	g.t.Helper()
	each(g.t, len(g.tabs), func(i int) error {
		old := g.tabs[i]
		<-old.Done()
		tab, err := g.open(g.t.Context(), nodes[i%len(nodes)], old.user, old.channel, old.session())
		if err == nil {
			g.t.Cleanup(tab.Break)
			g.tabs[i] = tab
		}
		return err
	})
	g.sessions++
	g.told("session.connected", g.sessions)
}

// leave has them go: every other by a bye, the others without a word.
func (g *guests) leave() {
	g.t.Helper()
	each(g.t, len(g.tabs), func(i int) error {
		if i%2 == 0 {
			return g.tabs[i].bye()
		}
		g.tabs[i].Break()
		return nil
	})
	g.gone()
}

// gone waits until all are told to be.
func (g *guests) gone() {
	g.t.Helper()
	g.told("channel.leave", 1)
	g.told("user.offline", 1)
	g.told("session.disconnected", g.sessions)
}
