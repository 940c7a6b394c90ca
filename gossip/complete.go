package gossip

import "time"

// Complete reports whether what the view shows is likely to be all there is. It is not
//   - while a peer is silent, and has left several questions unanswered;
//   - while the table of a living peer could not be read, or not yet since it was lost;
//   - after more than half of the peers were lost, for as long as their tables are kept
//     aside: it may be this node that is cut off, and they may come back.
//
// Silence counts half-way between interval and timeout: one lost ping is no reason to
// tell thousands that nobody knows who is there. So does a peer that was just met.
func (c *Core) Complete() bool {
	lost, live := 0, 0
	for _, p := range c.peers {
		switch {
		case p.state == Lost && c.clk.last.Sub(p.asideAt) < asideAge:
			lost++
		case !p.live():
		case c.clk.run-p.heard >= p.doubt() || !p.shown && c.clk.run-p.since >= p.doubt():
			return false
		default:
			live++
		}
	}
	return lost <= live
}

// doubt is how long a peer may be silent, or unread, before what is known is incomplete.
func (p pace) doubt() time.Duration { return (p.interval + p.timeout) / 2 }
