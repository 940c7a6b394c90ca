package socket

import (
	"cmp"
	"fmt"
	"time"
)

// Config sets the bounds of sockets. A zero field takes its default.
type Config struct {
	// MaxFrame is the largest message a client may send, in bytes, however it is
	// fragmented. Default 16 KiB. A larger one ends the socket.
	MaxFrame int

	// Oversize is a frame to send before a socket is closed for a message over MaxFrame. Default none.
	Oversize []byte

	// MaxQueue is how many bytes may wait for one socket before Send refuses.
	// Default 256 KiB. A socket that is almost idle (a quarter of this or less waits)
	// takes one call of any size, else a large roster could never be sent,
	// and then as much as MaxQueue on top.
	MaxQueue int

	// Reserve is how many bytes Reply may queue beyond that. Default 16 KiB.
	Reserve int

	// WriteTimeout bounds one write, of one large frame or up to 16 KiB of
	// small ones. Default 10s. The true bound lies between half of it and all of it, so that
	// a busy socket need not move its deadline with every write.
	WriteTimeout time.Duration

	// CloseTimeout bounds the time from Close until the connection is gone:
	// what waits is written, and the client's close frame awaited. Default 5s.
	CloseTimeout time.Duration

	// Written is told how long what [Socket.Measure] measures took. It must not block.
	// Default: nobody is told.
	Written func(took time.Duration)

	// Clock tells the running time that LastHeard and LastSent are measured by.
	// Default: time since the Acceptor was made. It is called for every read and write.
	Clock func() time.Duration
}

// check returns c with its defaults filled in, or the reason why it cannot work.
func (c Config) check(epoch time.Time) (Config, error) {
	c.MaxFrame = cmp.Or(c.MaxFrame, 16<<10)
	c.MaxQueue = cmp.Or(c.MaxQueue, 256<<10)
	c.Reserve = cmp.Or(c.Reserve, 16<<10)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 5*time.Second)
	if c.Written == nil {
		c.Written = func(time.Duration) {}
	}
	if c.Clock == nil {
		c.Clock = func() time.Duration { return time.Since(epoch) }
	}
	for _, bound := range []struct {
		name string
		n    int64
	}{
		{"MaxFrame", int64(c.MaxFrame)},
		{"MaxQueue", int64(c.MaxQueue)},
		{"Reserve", int64(c.Reserve)},
		{"WriteTimeout", int64(c.WriteTimeout)},
		{"CloseTimeout", int64(c.CloseTimeout)},
	} {
		if bound.n < 0 {
			return c, fmt.Errorf("socket: %s is %d, want more than 0", bound.name, bound.n)
		}
	}
	return c, nil
}
