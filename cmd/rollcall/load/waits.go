package load

import (
	"context"
	"fmt"
	"time"
)

// wait has the client keep what it is told of itself until it is read from what is returned. One
// at a time may wait for a client. A lock for all would be waited for by who reads all sockets.
func (c *client) wait() (heard <-chan event, end func()) {
	kept := make(chan event, 4)
	c.waited.Store(&kept)
	return kept, func() { c.waited.Store(nil) }
}

// hear keeps an event that somebody waits for; joins and leaves are not.
func (c *client) hear(e event) {
	kept := c.waited.Load()
	if kept == nil || e.kind == joined || e.kind == left || e.kind == counted {
		return
	}
	select {
	case *kept <- e:
	default: // it has heard enough
	}
}

// await returns once a client was told something, and when that was read.
func await(ctx context.Context, heard <-chan event, what kind) (time.Time, error) {
	for {
		select {
		case e := <-heard:
			if e.kind == what {
				return e.at, nil
			}
			if e.kind == lost {
				return e.at, fmt.Errorf("%s lost its connection: %w", e.client.name(), e.err)
			}
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}
