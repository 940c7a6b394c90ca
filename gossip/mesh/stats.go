package mesh

import "sync/atomic"

// Stats counts what the mesh did since it was made. All fields only grow,
// except those that are said to be gauges.
type Stats struct {
	PacketsIn       uint64 // datagrams handed to the core
	PacketsDropped  uint64 // datagrams that found the queue to the core full
	PacketsOut      uint64 // datagrams sent for the core
	PacketsUnsent   uint64 // datagrams that the socket refused
	NoAddress       uint64 // datagrams to addresses that are none
	SentBytes       uint64 // all that this node sent on the gossip port, memberlist's own traffic included, TCP and UDP payload
	StreamSentBytes uint64 // of these, over TCP
	Dialed          uint64 // streams opened
	DialsFailed     uint64 // dials that came to nothing
	Accepted        uint64 // streams that were accepted and sent a first frame
	FramesIn        uint64
	FramesOut       uint64
	Refused         uint64 // connections from or to nodes whose gossip key or cluster name differs
	Garbage         uint64 // accepted connections that began with something else, or too slowly
	Broken          uint64 // streams ended because the peer, which has the key, sent what no node sends: must not happen
	Crowded         uint64 // connections closed because too many were open or undecided
	Foreign         uint64 // memberlist nodes that are none of Rollcall's
	Complaints      uint64 // warnings and errors of memberlist: what came and was none of its own, and peers that do not answer
	LogsDropped     uint64 // log lines of memberlist, or of refusals, that came too fast
	Streams         int    // gauge: streams open
	Members         int    // gauge: memberlist's living members, this node among them
}

// counters are the same, counted from any goroutine.
type counters struct {
	packetsIn, packetsDropped, packetsOut, packetsUnsent, noAddress, udpSent, tcpSent,
	dialed, dialsFailed, accepted, framesIn, framesOut,
	refused, garbage, broken, crowded, foreign, complaints, logsDropped atomic.Uint64
}

// Stats returns the counts as they are now. It may be called concurrently.
func (m *Mesh) Stats() Stats {
	c := &m.count
	m.mu.Lock()
	streams, members := len(m.streams), len(m.members)
	m.mu.Unlock()
	tcp := c.tcpSent.Load()
	return Stats{
		PacketsIn: c.packetsIn.Load(), PacketsDropped: c.packetsDropped.Load(), PacketsOut: c.packetsOut.Load(),
		PacketsUnsent: c.packetsUnsent.Load(), NoAddress: c.noAddress.Load(),
		SentBytes: c.udpSent.Load() + tcp, StreamSentBytes: tcp,
		Dialed: c.dialed.Load(), DialsFailed: c.dialsFailed.Load(), Accepted: c.accepted.Load(),
		FramesIn: c.framesIn.Load(), FramesOut: c.framesOut.Load(),
		Refused: c.refused.Load(), Garbage: c.garbage.Load(), Broken: c.broken.Load(), Crowded: c.crowded.Load(),
		Foreign: c.foreign.Load(), Complaints: c.complaints.Load(), LogsDropped: c.logsDropped.Load(),
		Streams: streams, Members: members,
	}
}
