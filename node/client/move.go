package client

import (
	"context"
	"time"
)

// Drained is closed when it is time to go elsewhere: the node has said that it is going
// away, and the moment that it gave this connection has come. See [Client.Move].
func (c *Client) Drained() <-chan struct{} { return c.drained }

// Move opens the connection that goes on where this one is to end, and then closes this
// one: so nobody sees the user leave or join, if enter joins and watches on the new
// connection what was followed on the old. Until then the old one goes on. The
// handler of the new one is called meanwhile; whoever keeps [Rosters] gives each
// connection a [Feed] of its own.
//
// The new connection resumes the session of the old one, which is ended by that, with
// 4409. After an error the old one is as good as it was, unless it was ended so.
func (c *Client) Move(ctx context.Context, url string, hello Hello, handle func(*Message), enter func(*Client) error) (*Client, error) {
	hello.Resume = c.welcome.Session
	next, err := Dial(ctx, url, hello, handle)
	if err != nil {
		return nil, err
	}
	if err := enter(next); err != nil {
		next.Break()
		return nil, err
	}
	c.Break()
	return next, nil
}

// drain has Drained closed when the delay is over. Only the first one counts.
func (c *Client) drain(delay time.Duration) {
	c.going.Do(func() { time.AfterFunc(delay, func() { close(c.drained) }) })
}
