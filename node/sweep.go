package node

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// sweep looks for sockets that are silent, that have not said hello, or whose token
// is over.
func (n *Node) sweep(now time.Time) {
	n.wheel.turn(n.clock(), func(c *conn) {
		if c.gone {
			return
		}
		n.inspect(c, now)
		n.wheel.add(c, n.nextLook(c, now))
	})
}

// inspect does what is due on a connection. In a tick that came late nobody is silent: what
// came meanwhile has not been read.
func (n *Node) inspect(c *conn, now time.Time) {
	switch {
	case c.session == 0:
		n.awaitHello(c, now)
	case n.silent(c) >= n.cfg.Timeout && n.unanswered(c) && !n.core.Gossip.Late():
		n.stats.TimedOut++
		n.end(c, now, channels.ReasonTimeout, protocol.CloseSilent, "silent for too long")
	case c.bearer.over(now):
		n.stats.Expired++
		n.end(c, now, channels.ReasonExpired, protocol.CloseUnauthorized, "token expired")
	default:
		n.ping(c, now)
		c.warn(now)
	}
}

// nextLook returns the running time at which something may be due on a connection: what
// it sends and receives meanwhile can only put that off. Another token cannot; see renew.
func (n *Node) nextLook(c *conn, now time.Time) time.Duration {
	run := n.clock()
	if c.session == 0 || c.waiting {
		return run
	}
	heard := max(c.sock.LastHeard(), c.waited)
	ping := max(c.pinged, min(heard, c.sock.LastSent())+n.tick()) + n.cfg.Interval
	return min(ping, heard+n.tick()+n.cfg.Timeout, run+c.bearer.next(now))
}

// silent returns for how long nothing was heard of a client, in running time; never
// more than that, although the clock stands still between two ticks. While it waits
// for an answer nothing is read.
func (n *Node) silent(c *conn) time.Duration {
	if c.waiting {
		return 0
	}
	return n.clock() - max(c.sock.LastHeard(), c.waited) - n.tick()
}

// unanswered reports whether a client has had time to answer a ping, and has not.
func (n *Node) unanswered(c *conn) bool {
	return c.asked > c.sock.LastHeard() && n.clock()-c.asked >= (n.cfg.Timeout-n.cfg.Interval)/2
}

// end ends a session and its socket.
func (n *Node) end(c *conn, now time.Time, reason channels.Reason, code protocol.CloseCode, why string) {
	n.core.View.Close(n.core.Now(now), c.session, reason)
	n.release(c)
	c.sock.Close(code, why)
}

// ping asks a socket for a sign of life on which nothing was sent, or heard, for
// an interval.
func (n *Node) ping(c *conn, now time.Time) {
	run := n.clock()
	if run-c.pinged < n.cfg.Interval || run-c.sock.LastSent()-n.tick() < n.cfg.Interval && n.silent(c) < n.cfg.Interval {
		return
	}
	c.pinged = run
	if c.asked <= c.sock.LastHeard() {
		c.asked = run
	}
	c.sock.Reply(socket.Frame(protocol.AppendPing(nil, now.UnixMilli())))
}

// rouseAll sends every socket a ping after a pause: clients count the time in which this
// node ran as well as that in which it did not, and would soon give it up. With doubt,
// they may have done so, and each has to say that it is still there.
func (n *Node) rouseAll(doubt bool) {
	text := socket.Frame(protocol.AppendPing(nil, time.Now().UnixMilli()))
	for c := range n.conns {
		n.wheel.add(c, n.clock()) // tokens go on ending while a process is paused
		if c.session != 0 {
			if doubt {
				c.doubted.Store(true)
			}
			c.sock.Reply(text)
		}
	}
}

// warn tells once that the token ends soon.
func (c *conn) warn(now time.Time) {
	if c.warns(now) {
		c.sock.Reply(socket.Frame(protocol.AppendExpiring(nil, c.ends)))
	}
}
