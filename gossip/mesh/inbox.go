package mesh

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

const (
	// maxWaiting bounds the datagrams that wait for the core. At maxPacket each
	// that is 6 MB; a lost datagram only makes the core ask again.
	maxWaiting = 4096

	// maxPacket bounds one datagram: memberlist would carry more.
	maxPacket = gossip.MaxPacket

	// atOnce is how many arrivals the core takes under one lock.
	atOnce = 64
)

// inbox takes what memberlist tells, whatever locks it holds, and never blocks
// it. Datagrams keep their order. Of each member the newest notice waits, so
// that those need no other bound than memberlist's own.
type inbox struct {
	count  *counters
	arrive chan struct{} // holds one token if there may be something

	mu      sync.Mutex // guards the rest
	packets []packet
	notices map[channels.NodeID]notice
	order   []channels.NodeID
	tried   bool // the seeds were, and the core is to be told after what they told
}

// packet is a datagram, or the payload of a probe ack.
type packet struct {
	data  []byte
	probe time.Time // when the probe was sent; zero: it is a datagram
}

// notice is what memberlist thinks of a member.
type notice struct {
	info gossip.Peer
	dead bool
}

func newInbox(count *counters) *inbox {
	return &inbox{count: count, arrive: make(chan struct{}, 1), notices: map[channels.NodeID]notice{}}
}

// packet takes a copy of a datagram, or of what rode on the answer to a probe.
func (b *inbox) packet(data []byte, probe time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.packets) >= maxWaiting || len(data) > maxPacket {
		b.count.packetsDropped.Add(1)
		return
	}
	b.packets = append(b.packets, packet{bytes.Clone(data), probe})
	b.wake()
}

// notice takes what is new of a member.
func (b *inbox) notice(id channels.NodeID, n notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, waits := b.notices[id]; !waits {
		b.order = append(b.order, id)
	}
	b.notices[id] = n
	b.wake()
}

// seedsTried says that the first round of seeds is over. The core learns of it after
// the members whom that round found, or it would take itself to be alone.
func (b *inbox) seedsTried() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tried = true
	b.wake()
}

// wake is called with mu held.
func (b *inbox) wake() {
	select {
	case b.arrive <- struct{}{}:
	default:
	}
}

// run takes arrivals to the core until ctx ends.
func (b *inbox) run(ctx context.Context, do doer) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.arrive:
			b.deliver(do)
		}
	}
}

// deliver takes all that waits to the core, members first: a datagram may come
// from one of them.
func (b *inbox) deliver(do doer) {
	b.mu.Lock()
	packets, notices, order, tried := b.packets, b.notices, b.order, b.tried
	b.packets, b.notices, b.order, b.tried = nil, map[channels.NodeID]notice{}, nil, false
	b.mu.Unlock()

	for len(order) > 0 || len(packets) > 0 {
		members := order[:min(len(order), atOnce)]
		some := packets[:min(len(packets), atOnce-len(members))]
		order, packets = order[len(members):], packets[len(some):]
		b.count.packetsIn.Add(uint64(len(some)))
		do(func(c core, now time.Time) {
			for _, id := range members {
				notices[id].tell(c, now, id)
			}
			for _, p := range some {
				p.tell(c, now)
			}
		})
	}
	if tried {
		do(func(c core, now time.Time) { c.SeedsTried(now) })
	}
}

func (p packet) tell(c core, now time.Time) {
	if p.probe.IsZero() {
		c.Packet(now, p.data)
	} else {
		c.Ack(now, p.data, now.Sub(p.probe))
	}
}

func (n notice) tell(c core, now time.Time, id channels.NodeID) {
	if n.dead {
		c.Suspect(now, id)
	} else {
		c.Met(now, id, n.info)
	}
}
