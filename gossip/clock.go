package gossip

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// clock counts a node's own running time, in which silence and every other
// deadline is measured. A process that was stopped has not heard its peers, but
// that is not their silence: one step adds at most interval/10, and after a
// pause the running time stands still until a round of questions is over.
type clock struct {
	pace
	last   time.Time     // monotonic
	run    time.Duration // running time
	judges time.Time     // after the last pause, the running time stands still until then
	sure   time.Time     // beats read before may have waited in a buffer: their ages are not known
}

// step moves the clock on and returns by how much it was paused, 0 if it was not.
func (c *clock) step(now time.Time) (paused time.Duration) {
	gap := now.Sub(c.last)
	if gap <= 0 {
		return 0
	}
	c.last = now
	if gap > c.pause() {
		c.judges, paused = now.Add(c.round()), gap
	}
	if gap > c.ask() {
		c.sure = now.Add(c.tick())
	}
	if !now.Before(c.judges) {
		c.run += min(gap, c.interval/10)
	}
	return paused
}

// catchingUp reports whether the round of questions after a pause is not over.
func (c *clock) catchingUp() bool { return c.last.Before(c.judges) }

// now returns the moment of the last step for the view.
func (c *clock) now() channels.Now {
	return channels.Now{Run: c.run, Wall: c.last.UnixMilli()}
}
