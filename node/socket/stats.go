package socket

import "sync/atomic"

// Stats counts what happened on all sockets of an [Acceptor].
type Stats struct {
	Open     atomic.Int64 // sockets accepted and not closed yet
	Queued   atomic.Int64 // bytes that wait now
	Frames   atomic.Int64 // text frames read
	BytesIn  atomic.Int64 // bytes of these
	Writes   atomic.Int64 // calls to the network
	BytesOut atomic.Int64 // bytes written
	Refused  atomic.Int64 // calls of Send that found no room
	Overflow atomic.Int64 // sockets closed because even Reply found none
	Oversize atomic.Int64 // sockets closed for a message over MaxFrame
	Stuck    atomic.Int64 // sockets closed because a write failed or took too long
}
