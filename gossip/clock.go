package gossip

import (
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// clock counts a node's own running time, in which silence and every other
// deadline is measured. A process that was stopped has not heard its peers, but
// that is not their silence: one step adds at most interval/10, and after a
// pause the running time stands still until a round of questions is over.
type clock struct {
	pace
	epoch  time.Time     // when the clock that peers are told said 0
	last   time.Time     // of the last step; monotonic, as all moments here
	run    time.Duration // running time
	judges time.Time     // after the last pause, the running time stands still until then
	stood  []span        // when it stood still lately, in order
}

// span is some time.
type span struct{ from, to time.Time }

// maxStood bounds how many spans are remembered. Each is the rest of a step that took
// more than interval/10, so that all of them cover more than six intervals.
const maxStood = 64

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
	var counts time.Duration
	if !now.Before(c.judges) {
		counts = min(gap, c.interval/10)
	}
	c.run += counts
	if counts < gap {
		c.stand(span{now.Add(counts - gap), now})
	}
	return paused
}

// stand remembers that the running time stood still.
func (c *clock) stand(s span) {
	if n := len(c.stood); n > 0 && !s.from.After(c.stood[n-1].to) {
		c.stood[n-1].to = s.to
		return
	}
	if len(c.stood) == maxStood {
		c.stood = slices.Delete(c.stood, 0, 1)
	}
	c.stood = append(c.stood, s)
}

// runAt returns what the running time was at a moment not long ago.
func (c *clock) runAt(t time.Time) time.Duration {
	run := c.run - c.last.Sub(t)
	for _, s := range c.stood {
		if from := later(s.from, t); s.to.After(from) {
			run += s.to.Sub(from)
		}
	}
	return run
}

// maxEpoch is how long before its start a clock said 0, at most: some four years. The
// moment is random, so that nobody takes the clock of another process for his own.
const maxEpoch = 1 << 37 * time.Millisecond

// time is what this process's clock says, of which peers are told. It goes on in a pause.
func (c *clock) time() time.Duration { return c.last.Sub(c.epoch) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// catchingUp reports whether the round of questions after a pause is not over.
func (c *clock) catchingUp() bool { return c.last.Before(c.judges) }

// now returns the moment of the last step for the view.
func (c *clock) now() channels.Now {
	return channels.Now{Run: c.run, Wall: c.last.UnixMilli()}
}
