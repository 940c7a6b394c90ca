package node

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// host lets the mesh at the core.
type host struct{ n *Node }

func (h host) Do(f func(c *gossip.Core, now time.Time)) {
	h.n.step(func(now time.Time) { f(h.n.core.Gossip, now) })
}

// step runs f with all state to itself, and carries out what follows from it.
func (n *Node) step(f func(now time.Time)) {
	for f != nil {
		jobs, tellings, fx := n.locked(f)
		n.mesh.Carry(fx)
		tellings.deliver()
		var next []*conn
		for _, f := range jobs {
			next = append(next, f.deliver()...)
		}
		f = nil
		if len(next) > 0 {
			f = func(time.Time) {
				for _, c := range next {
					n.resync(c)
				}
			}
		}
	}
}

// locked is the part of a step that is under the lock. It returns what is to be done
// after it: the fans with something to deliver, what is told of people, and what the mesh
// is to carry.
func (n *Node) locked(f func(now time.Time)) ([]*fan, tellings, gossip.Effects) {
	entered := time.Now()
	n.lock()
	defer n.mu.Unlock()
	n.entered = entered
	if n.mishaps.dead {
		return nil, tellings{}, gossip.Effects{}
	}
	now := time.Now()
	f(now)
	fx := n.core.Settle(now)
	n.observe(fx, now)
	n.flushDue(now)
	n.tellStirred(now)
	jobs, told := n.jobs, n.tellings
	n.jobs, n.tellings = nil, tellings{}
	n.stats.Told += uint64(len(told.all))
	return jobs, told, fx
}

// observe does what a step made due on this node itself.
func (n *Node) observe(fx gossip.Effects, now time.Time) {
	for _, note := range fx.Notes {
		n.log.Info("peer is "+note.State.String(), "peer", note.Name, "id", note.Node.String(), "silent", note.Silent.Round(time.Millisecond))
	}
	for _, r := range fx.Resumed {
		n.stats.HandedOver++
		if c := n.sessions[r.Session]; c != nil {
			n.giveWay(c)
		}
	}
	for _, o := range fx.Orders {
		n.expel(o.Sessions, o.Order) // of a query there are none
	}
	for _, o := range fx.Outcomes {
		if wait := n.orders[o.ID]; wait != nil {
			wait <- o // there is room for it
		}
	}
	if fx.Doubt {
		n.log.Warn("this process was paused for longer than the timeout")
	}
	if fx.Paused {
		n.rouseAll(fx.Doubt)
	}
	told := n.core.View.Events()
	n.publish(nil, told, now)
	for _, e := range told {
		if e.Kind == channels.SessionDisconnected && e.Origin == n.id {
			n.ended(e)
		}
		if e.Kind == channels.ChannelJoined && len(n.people) > 0 {
			n.meet(e.User, e.Channel)
		}
		if n.logsPresence {
			n.logPresence(&e)
		}
	}
	if !n.news.known && n.core.Gossip.Ready() {
		n.log.Info("node knows its cluster")
		n.begin(now)
		close(n.ready)
	}
	n.scheduleDirty()
	n.stirChanged()
}

// ended closes the socket of a session that the view has ended.
func (n *Node) ended(e channels.Event) {
	c := n.sessions[e.Session]
	if c == nil {
		return
	}
	n.release(c)
	n.stats.TimedOut++
	c.sock.Close(protocol.CloseSilent, "silent for too long")
}
