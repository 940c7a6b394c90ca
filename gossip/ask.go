package gossip

import (
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// Questions: question asks a peer that is late for a sign of life, askAround asks
// all others about it, and ask puts one question to one peer. What is to be put
// waits in peer.asks for the next datagram and in Link.asks for the next frame; what
// was put to us over a stream waits in Link.asked for our answer.

// maxAsks bounds the questions of one datagram, and the beats of its answer, which
// has to fit into MaxPacket.
const maxAsks = 20

// question asks a peer that is late, or suspected, for a sign of life: first
// itself, by datagram and over open streams, then all others too.
func (c *Core) question(now time.Time, p *peer) {
	if !p.live() || now.Before(p.askAt) || p.state == Here && !p.suspect && !c.clk.catchingUp() {
		return
	}
	p.askAt = now.Add(p.ask())
	p.asked++
	c.stats.Questions++
	c.ask(p, p.id)
	if p.asked >= 2 {
		c.askAround(p)
	}
}

// askAround puts a question about a peer to all others.
func (c *Core) askAround(about *peer) {
	for _, p := range c.peers {
		if p != about && p.live() {
			c.ask(p, about.id)
		}
	}
}

// ask puts one question to a peer, by the next datagram and over open streams.
func (c *Core) ask(p *peer, about channels.NodeID) {
	if p.addr != "" {
		p.asks = append(p.asks, about)
	}
	for _, l := range c.links {
		if l.peer == p.id && len(l.asks) < maxPeers && !slices.Contains(l.asks, about) {
			l.asks = append(l.asks, about)
			c.wake(l)
		}
	}
}

// sendAsks sends the questions that were put, together for each peer.
func (c *Core) sendAsks(now time.Time) {
	for _, p := range c.peers {
		for asks := range slices.Chunk(p.asks, maxAsks) {
			ping := c.ping(p)
			ping.Asks = asks
			c.send(p, ping)
		}
		p.asks = nil
	}
}

// reply answers a peer's questions with a sign of life and what is known of others.
// It is nil if there is nothing to tell.
func (c *Core) reply(now time.Time, p *peer, asks []channels.NodeID) *Ping {
	hearsay, self := c.tell(now, asks)
	if len(hearsay) == 0 && !self {
		return nil
	}
	c.stats.Answers++
	ping := c.ping(p)
	ping.Hearsay = hearsay[:min(len(hearsay), maxAsks)]
	return ping
}

// tell returns what this node can say of others, and whether it was asked of itself.
func (c *Core) tell(now time.Time, asks []channels.NodeID) (hearsay []Hearsay, self bool) {
	for _, id := range asks {
		if id == c.cfg.Self {
			self = true
		} else if p := c.peer(id); p != nil {
			if h, ok := c.hearsay(now, p); ok {
				hearsay = append(hearsay, h)
			}
		}
	}
	return hearsay, self
}

// hearsay returns the last beat of a peer whose age is known, with that age: of one
// that waited in a buffer before it was read it counts from when it was made.
func (c *Core) hearsay(now time.Time, p *peer) (Hearsay, bool) {
	h := Hearsay{Node: p.id, Beat: p.sure.beat, Number: p.copy.Number(), Digest: p.copy.led.digest, Readable: c.readable(p)}
	switch {
	case p.state == Gone:
		h.Left, h.Age = true, now.Sub(p.asideAt).Milliseconds()
		return h, true
	case p.state == Lost || p.sure.beat == 0:
		return h, false
	}
	h.Age = now.Sub(p.sure.at).Milliseconds()
	return h, true
}

// readable reports whether others may read a peer's table here: we read it
// directly, or hold all that it had when it left.
func (c *Core) readable(p *peer) bool {
	if !p.copy.ready {
		return false
	}
	return p.state == Gone || p.live() && p.shown && p.link != nil && p.link.proved
}
