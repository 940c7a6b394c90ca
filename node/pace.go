package node

import (
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// Rate bounds the requests of one socket.
type Rate struct {
	PerSecond int // 1 to 100,000
	Burst     int // at once, after some time with fewer; 1 to 1,000,000
}

// String returns the rate as the flag --rate takes it.
func (r Rate) String() string { return fmt.Sprintf("%d/%d", r.PerSecond, r.Burst) }

// paceTime is for how long without a break a client may be held back before it
// is closed.
const paceTime = 5 * time.Second

// pacer holds one socket to a [Rate]. It is a token bucket in two words: instead of
// the tokens in it, and when they were counted, it knows when it will be full.
type pacer struct {
	full time.Duration // when the bucket is full again
	over time.Duration // since when every request had to wait; 0: the last one had not
}

// take takes a request out of the bucket, and returns how long it has to wait for
// its turn, at most the time between two requests if nothing was taken meanwhile.
func (p *pacer) take(now time.Duration, r Rate) (wait time.Duration) {
	each := time.Second / time.Duration(r.PerSecond)
	p.full = max(p.full, now) + each
	wait = p.full - now - each*time.Duration(r.Burst)
	switch {
	case wait <= 0:
		p.over = 0
	case p.over == 0:
		p.over = now
	}
	return max(wait, 0)
}

// spent reports whether requests had to wait for too long.
func (p *pacer) spent(now time.Duration) bool { return p.over != 0 && now-p.over >= paceTime }

// pace lets a request wait for its turn. Meanwhile nothing is read, so that the
// client's own connection holds it back, and costs neither memory nor a timer of ours.
// False: the socket is closing, and the request is not to be carried out.
func (c *conn) pace(id int64) bool {
	n, now := c.node, time.Since(c.opened)
	wait := c.pacer.take(now, n.cfg.Rate)
	if wait == 0 {
		return true
	}
	n.paced.Add(1)
	if c.pacer.spent(now) {
		n.tooFast.Add(1)
		c.overload(id, protocol.RateLimited, fmt.Sprintf("more than %d requests a second, for %v", n.cfg.Rate.PerSecond, paceTime))
		return false
	}
	c.sock.Excuse(wait)
	time.Sleep(wait)
	return !c.sock.Closing()
}

// overload closes a socket that is too much, and says why. The reason does not wait
// for the answers to requests before, which will not come any more.
func (c *conn) overload(id int64, code protocol.Code, message string) {
	c.node.refused.Add(1)
	c.sock.Reply(socket.Frame(protocol.AppendError(nil, &protocol.Error{ID: id, Code: code, Message: message})))
	c.sock.Close(protocol.CloseOverload, message)
}
