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

// paceTime is for how long a client may be held back, less the time that it was not,
// before it is closed.
const paceTime = 5 * time.Second

// pacer holds one socket to a [Rate]. It is a token bucket of one word: instead of
// the tokens in it, and when they were counted, it knows when it will be full. Times
// are since the socket was opened.
type pacer struct {
	full time.Duration // when the bucket is full again
	held time.Duration // for how long the client was held back, less the time that it was not
	at   time.Duration // when that was
}

// take takes a request out of the bucket, and returns how long it has to wait for its
// turn, at most the time between two requests if it is asked for one at a time.
func (p *pacer) take(now time.Duration, r Rate) (wait time.Duration) {
	p.held, p.at = max(0, p.held-(now-p.at)), now
	each := time.Second / time.Duration(r.PerSecond)
	p.full = max(p.full, now) + each
	return max(0, p.full-now-each*time.Duration(r.Burst))
}

// oversleep is by how much a wait may last too long and count as a whole: on a busy
// machine most do, and would else look as if the client had come in time. More
// than that is a pause of this process.
const oversleep = 100 * time.Millisecond

// waited takes note that a wait is over.
func (p *pacer) waited(now, wait time.Duration) {
	p.held += min(now-p.at, wait+oversleep)
	p.at = now
}

// pace lets a request wait for its turn. Meanwhile nothing is read, so that the
// client's own connection holds it back, and it costs no memory of ours.
// False: the socket is closing, and the request is not to be carried out.
func (c *conn) pace(id int64) bool {
	n := c.node
	wait := c.pacer.take(time.Since(c.opened), n.cfg.Rate)
	if wait == 0 {
		return true
	}
	n.paced.Add(1)
	if c.pacer.held >= paceTime {
		n.reach(limitRate)
		c.overload(id, protocol.RateLimited, fmt.Sprintf("more than %d requests a second, for %v", n.cfg.Rate.PerSecond, paceTime))
		return false
	}
	c.sock.Excuse(wait)
	time.Sleep(wait)
	c.pacer.waited(time.Since(c.opened), wait)
	return !c.sock.Closing()
}

// overload closes a socket that is too much, and says why. The reason does not wait
// for the answers to requests before, which will not come any more.
func (c *conn) overload(id int64, code protocol.Code, message string) {
	c.node.refused.add(string(code))
	c.sock.Reply(socket.Frame(protocol.AppendError(nil, &protocol.Error{ID: id, Code: code, Message: message})))
	c.sock.Close(protocol.CloseOverload, message)
}
