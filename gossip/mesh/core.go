package mesh

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// Host serializes all access to the core of a node. Do locks, runs f and
// unlocks; what the core asked for meanwhile the host hands to [Mesh.Carry]
// after unlocking, on whatever goroutine. The mesh calls Do for every arrival,
// from many goroutines, and never from within Do.
type Host interface {
	Do(f func(c *gossip.Core, now time.Time))
}

// core is what the mesh needs of a [gossip.Core]; tests bring their own.
type core interface {
	Met(now time.Time, id channels.NodeID, info gossip.Peer)
	Suspect(now time.Time, id channels.NodeID)
	SeedsTried(now time.Time)
	Packet(now time.Time, data []byte)
	Ack(now time.Time, data []byte, ago time.Duration)
	Payload(now time.Time) []byte
	Opened(now time.Time, peer channels.NodeID) *gossip.Link
	DialFailed(now time.Time, peer channels.NodeID)
	Accepted(now time.Time) *gossip.Link
	Receive(now time.Time, l *gossip.Link, f *gossip.Frame) error
	Next(now time.Time, l *gossip.Link) *gossip.Frame
	Closed(now time.Time, l *gossip.Link)
}

// doer is [Host.Do] as the mesh uses it.
type doer func(f func(c core, now time.Time))
