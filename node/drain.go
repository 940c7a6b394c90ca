package node

import (
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// A node that stops moves its clients elsewhere first. Each is told when to go, one
// after another over the first three quarters of Config.Drain, so that the other nodes
// are not run over; whoever is still here when it is over gets 1001. Until a client
// goes it is served as ever. Nobody new is let in meanwhile.

// drain returns when no client is left, or when the time for that is over.
func (n *Node) drain() {
	if n.cfg.Drain <= 0 || n.hasCrashed() {
		return
	}
	n.step(n.beginDrain)
	n.mu.Lock()
	told := n.stats.Drained
	n.mu.Unlock()
	n.log.Info("node drains", "clients", told, "within", n.cfg.Drain)
	over := time.NewTimer(n.cfg.Drain)
	defer over.Stop()
	select {
	case <-n.deserted:
	case <-n.mishaps.crashed:
	case <-over.C:
	}
}

// beginDrain tells peers and clients that this node is going away.
func (n *Node) beginDrain(now time.Time) {
	n.core.Gossip.Drain(now)
	var clients []*conn
	for c := range n.conns {
		if c.session == 0 {
			c.turnAway()
		} else {
			clients = append(clients, c)
		}
	}
	close(n.draining) // after turnAway: see dismiss
	n.stats.Drained = uint64(len(clients))
	for i, c := range clients {
		c.sock.Reply(socket.Frame(protocol.AppendDrain(nil, moment(i, len(clients), n.cfg.Drain).Milliseconds())))
	}
	n.noteDeserted()
}

// moment is when client i of so many is to go: evenly, and with a quarter of the time
// left for the last ones to do so.
func moment(i, clients int, within time.Duration) time.Duration {
	return time.Duration(float64(within*3/4) * float64(i) / float64(clients))
}

// noteDeserted ends the draining early if no client has a session here. Node.mu is held.
func (n *Node) noteDeserted() {
	if len(n.sessions) > 0 || !n.leaving() {
		return
	}
	select {
	case <-n.deserted:
	default:
		close(n.deserted)
	}
}

// leaving reports whether the node lets nobody in any more.
func (n *Node) leaving() bool {
	select {
	case <-n.draining:
		return true
	default:
		return n.stopped()
	}
}

const goingAway = "this node is going away"

// turnAway refuses a client that has no session, because the node is going away: it
// answers hello, if one waits. Node.mu is held.
func (c *conn) turnAway() {
	if c.node.mishaps.dead {
		c.sock.Cut()
		return
	}
	if !c.sock.Closing() {
		c.refuse(c.awaited, protocol.Draining, goingAway)
		c.sock.Close(protocol.CloseGoingAway, goingAway)
	}
}
