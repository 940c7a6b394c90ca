package gossip

import (
	"iter"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// PeerInfo is what a core knows of a peer, for people and for tests.
type PeerInfo struct {
	ID     channels.NodeID
	Name   string
	Addr   string
	Meta   []byte
	State  State
	Life   Life
	Beat   uint64        // highest heard
	Silent time.Duration // since its last beat, in our running time
	Number uint64        // up to which our copy is exact
	Shown  bool          // its entries are in the view
	Direct bool          // it is read over a stream of our own
}

// Peers returns all known peers, by id: also those that are lost or left and not
// yet forgotten.
func (c *Core) Peers() iter.Seq[PeerInfo] {
	return func(yield func(PeerInfo) bool) {
		for _, p := range c.peers {
			if !yield(c.info(p)) {
				return
			}
		}
	}
}

// Peer returns what is known of one peer; false if it is none, or forgotten.
func (c *Core) Peer(id channels.NodeID) (PeerInfo, bool) {
	if p := c.peer(id); p != nil {
		return c.info(p), true
	}
	return PeerInfo{}, false
}

func (c *Core) info(p *peer) PeerInfo {
	return PeerInfo{p.id, p.name, p.addr, p.meta, p.state, p.life, p.beat, c.clk.run - p.heard,
		p.copy.Number(), p.shown, p.link != nil && p.link.proved}
}

// Held returns what our copy of a peer's table holds, by number.
func (c *Core) Held(id channels.NodeID) iter.Seq[channels.Change] {
	if p := c.peer(id); p != nil {
		return p.copy.led.changes
	}
	return func(func(channels.Change) bool) {}
}
