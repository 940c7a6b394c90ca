package mesh

import (
	"net"
	"time"
)

// conn is one TCP connection of the gossip port, whoever uses it. The router
// knows all of them, so that nothing outlives a shutdown.
type conn struct {
	net.Conn
	router   *router
	accepted bool
	peeked   []byte // read to route the connection, and not yet given back
}

// peek waits for the first byte and leaves it to be read.
func (c *conn) peek(by time.Time) (byte, error) {
	if err := c.SetReadDeadline(by); err != nil {
		return 0, err
	}
	var first [1]byte
	if _, err := c.Conn.Read(first[:]); err != nil {
		return 0, err
	}
	c.peeked = first[:]
	return first[0], c.SetReadDeadline(time.Time{})
}

// Read gives back the peeked byte first. Like any conn it has one reader.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.peeked) > 0 && len(p) > 0 {
		n := copy(p, c.peeked)
		c.peeked = c.peeked[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// Write writes and counts.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.router.count.tcpSent.Add(uint64(n))
	return n, err
}

// Close never waits: what is not yet sent is left to the system.
func (c *conn) Close() error {
	c.router.forget(c)
	return c.Conn.Close()
}
