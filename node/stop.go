package node

import (
	"context"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

// stopTime bounds each half of a goodbye: to the clients, to the cluster.
const stopTime = 3 * time.Second

// stop says goodbye: clients that are still here get 1001 and come back elsewhere; what they held here
// stays in the table, and gets the grace at every peer. It returns when all sockets
// are closed, which takes a client that does not answer stopTime.
func (n *Node) stop() {
	last := n.dismiss()
	if n.hasCrashed() {
		n.mesh.Close()
	} else {
		n.log.Info("node stops", "drained", last.Drained, "handed_over", last.HandedOver, "forced", last.Forced)
		n.goodbye()
	}
	n.present.Wait()
}

// goodbye tells the cluster that this node leaves it.
func (n *Node) goodbye() {
	n.step(func(now time.Time) { n.core.Gossip.Leave(now) })
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := n.mesh.Leave(ctx); err != nil {
		n.log.Warn("goodbye may not have reached everybody: " + err.Error())
	}
}

// dismiss closes all connections, and sees to it that there will be no other. It
// returns what was counted until then.
func (n *Node) dismiss() (last counters) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		switch {
		case n.mishaps.dead:
			c.sock.Cut()
		case c.session == 0:
			c.turnAway()
		default:
			c.sock.Close(protocol.CloseGoingAway, "the node stops")
		}
	}
	close(n.stopping) // whose hello waits for this is closed by now, and is not asked for a hello again
	n.stats.Forced = uint64(len(n.sessions))
	return n.stats
}

// stopped reports whether the node takes no more clients.
func (n *Node) stopped() bool {
	select {
	case <-n.stopping:
		return true
	default:
		return false
	}
}
