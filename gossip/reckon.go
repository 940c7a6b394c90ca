package gossip

import "time"

// reckoning is what a node knows of a peer's clock. Every ping brings what that clock
// said when the ping was made, and makes the peer's clock seem the further ahead of
// ours the less it was held up on its way. So the one that seemed furthest ahead lately
// is the truest (the clock filter of RFC 5905, section 10), and what is reckoned by it
// is behind the peer's clock by no more than that quickest ping took.
//
// Each ping tells its receiver what its clock says, reckoned so. The receiver sees by
// its own clock alone how long the ping was under way, whatever held it up: a stream
// that was stuck, a buffer that was not read, a process that was stopped. It takes it
// for the time of the quickest ping too long, and never for too short, but for what
// the two clocks drift apart in two windows, or where one stood still meanwhile.
type reckoning struct {
	ahead  time.Duration // of our clock, at most in this window
	before time.Duration // and in the one before
	until  time.Time     // the window ends; zero: nothing is known
}

// sample takes in how far a ping makes the peer's clock seem ahead of ours.
func (r *reckoning) sample(now time.Time, window, ahead time.Duration) {
	switch {
	case r.until.IsZero():
		r.ahead, r.before, r.until = ahead, ahead, now.Add(window)
	case !now.Before(r.until):
		r.ahead, r.before, r.until = ahead, r.ahead, now.Add(window)
	default:
		r.ahead = max(r.ahead, ahead)
	}
}

// yours returns what the peer's clock says when ours says that, in milliseconds; 0 if
// that is not known.
func (r *reckoning) yours(ours time.Duration) int64 {
	if r.until.IsZero() {
		return 0
	}
	return max(0, (ours + max(r.ahead, r.before)).Milliseconds())
}

// sign is a sign of life of another node.
type sign struct {
	beat uint64
	at   time.Time // when it was made, or somewhat earlier
}

// maxUnder is how long a ping is under way at most, or early by a clock that stood
// still. Beyond it another process is meant, which was at our address before.
const maxUnder = time.Hour

// made returns when a ping was made, or somewhat earlier; zero if that is not known.
func (c *Core) made(ping *Ping) time.Time {
	under := c.clk.time() - time.Duration(ping.Yours)*time.Millisecond
	if ping.Yours == 0 || under.Abs() > maxUnder {
		return time.Time{}
	}
	return c.clk.last.Add(-max(0, under))
}

// grow adds to the ages that a ping tells how long it was under way. Where that is not
// known, it tells of no beats.
func (c *Core) grow(ping *Ping, made time.Time) {
	known := ping.Hearsay[:0]
	for _, h := range ping.Hearsay {
		if !made.IsZero() {
			h.Age += c.clk.last.Sub(made).Milliseconds()
		} else if !h.Left {
			continue
		}
		known = append(known, h)
	}
	ping.Hearsay = known
}
