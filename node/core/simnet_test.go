package core

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// network carries datagrams and streams between the slots of a world.
type network struct {
	w       *world
	loss    float64         // of datagrams
	cut     map[[2]int]bool // from slot to slot
	slow    time.Duration   // what a stream takes for a frame, at most
	paced   time.Time       // when that was last changed
	fragile float64         // chance that a stream breaks with a frame
	streams []*stream
}

// open reports whether something can go from one node to the other and back.
func (n *network) open(a, b *node) bool {
	return !n.cut[[2]int{a.slot, b.slot}] && !n.cut[[2]int{b.slot, a.slot}]
}

// carry does what a core wants done.
func (w *world) carry(n *node, fx gossip.Effects) {
	for _, p := range fx.Packets {
		w.net.packet(n, p)
	}
	for _, d := range fx.Dials {
		w.net.dial(n, d)
	}
	for _, l := range fx.Closes {
		if s, e := w.net.find(n, l); s != nil {
			s.end(e)
		}
	}
	for _, l := range fx.Wakes {
		if s, e := w.net.find(n, l); s != nil {
			s.pump(e)
		}
	}
	for _, r := range fx.Resumed {
		w.resumed(n, r.Session)
	}
	w.obeyed(n, fx.Orders)
	for _, o := range fx.Outcomes {
		w.outcome(n, o)
	}
	if fx.Doubt {
		w.doubted(n)
	}
}

// packet sends a datagram: it may be lost, late, doubled, or come again much later.
func (n *network) packet(from *node, p gossip.Packet) {
	w := n.w
	slot, _ := strconv.Atoi(p.Addr)
	made, copies := w.now, 1
	if !w.quiet && w.chance(0.03) {
		copies = 2
	}
	for range copies {
		if w.chance(n.loss) {
			continue
		}
		delay := 200*time.Microsecond + w.dur(20*time.Millisecond)
		if !w.quiet && w.chance(0.1) {
			delay += w.dur(150 * time.Millisecond)
		}
		w.after(delay, func() { n.arrive(from, slot, p, made) })
	}
	if !w.quiet && w.chance(0.01) { // a replay
		w.after(w.dur(20*time.Second), func() { n.arrive(from, slot, p, made) })
	}
}

func (n *network) arrive(from *node, slot int, p gossip.Packet, made time.Time) {
	to := n.w.nodes[slot]
	if to.dead || n.cut[[2]int{from.slot, slot}] {
		return
	}
	if to.paused && len(to.inbox) > 200 {
		return // buffers are full
	}
	data := bytes.Clone(p.Data)
	ping, err := gossip.DecodePing(data)
	if err != nil {
		n.w.fail("%v: decode: %v", from, err)
		return
	}
	n.w.beat(to, from, ping.Beat, made, p.To == to.id && ping.Yours != 0)
	to.do(func(now time.Time) { to.core.Gossip.Packet(now, data) })
}

// probe is memberlist's question, the answer to which carries a sign of life.
func (n *network) probe(from, to *node) {
	w := n.w
	if from.paused || to.dead || n.w.chance(n.loss) || !n.open(from, to) {
		return
	}
	asked := w.now
	w.after(w.dur(20*time.Millisecond), func() {
		to.do(func(now time.Time) {
			data, made := to.core.Gossip.Payload(now), w.now
			w.after(w.dur(20*time.Millisecond), func() { n.answered(from, to, data, asked, made) })
		})
	})
}

// answered brings the answer to a probe. One that took long is none to memberlist.
func (n *network) answered(from, to *node, data []byte, asked, made time.Time) {
	w := n.w
	if from.dead || w.now.Sub(asked) > time.Second || n.cut[[2]int{to.slot, from.slot}] {
		return
	}
	ping, err := gossip.DecodePing(data)
	if err != nil {
		w.fail("%v: decode: %v", to, err)
		return
	}
	w.beat(from, to, ping.Beat, made, true)
	from.do(func(now time.Time) { from.core.Gossip.Ack(now, data, w.now.Sub(asked)) })
}

// beat notes that a sign of life of a node has reached another, if it is newer
// than all before, those at second hand included.
func (w *world) beat(at, of *node, beat uint64, made time.Time, dated bool) {
	if p := (pair{at.id, of.id}); beat > max(w.beats[p].beat, at.beatOf(of)) {
		w.beats[p] = heard{beat, w.now, made, dated}
	}
}

// stream is one stream; end 0 dialed it.
type stream struct {
	net    *network
	ends   [2]*end
	since  time.Time // opened
	halted time.Time // the last time something could not go through at once
}

type end struct {
	node   *node
	link   *gossip.Link
	busy   bool // a frame is being written
	closed bool // nothing more comes or goes
	told   bool // and the process has read that, after all that came before
}

func (n *network) find(at *node, l *gossip.Link) (*stream, int) {
	for _, s := range n.streams {
		for e := range s.ends {
			if s.ends[e].node == at && s.ends[e].link == l {
				return s, e
			}
		}
	}
	return nil, 0
}

// dial opens a stream, or fails: soon if nobody is there, late if nothing comes back.
func (n *network) dial(from *node, d gossip.Dial) {
	w := n.w
	slot, _ := strconv.Atoi(d.Addr)
	fails := func() { from.do(func(now time.Time) { from.core.Gossip.DialFailed(now, d.To) }) }
	w.after(time.Millisecond+w.dur(20*time.Millisecond), func() {
		to := w.nodes[slot]
		switch {
		case from.dead:
		case !n.open(from, to):
			w.after(time.Second, fails)
		case to.dead:
			fails()
		default:
			s := &stream{net: n, since: w.now, ends: [2]*end{{node: from}, {node: to}}}
			n.streams = append(n.streams, s)
			from.do(func(now time.Time) { s.ends[0].link = from.core.Gossip.Opened(now, d.To) })
			s.pump(0)
			to.do(func(now time.Time) { s.ends[1].link = to.core.Gossip.Accepted(now) })
		}
	})
}

// pump writes the next frame of one end, if there is one and the last is through.
func (s *stream) pump(e int) {
	from, to, w := s.ends[e], s.ends[1-e], s.net.w
	if from.busy || from.closed || from.link == nil || from.node.dead {
		return
	}
	from.busy = true
	from.node.do(func(now time.Time) {
		f := from.node.core.Gossip.Next(now, from.link)
		if f == nil || from.closed {
			from.busy = false
			return
		}
		body, err := f.Append(nil, now.UnixMilli())
		if err != nil {
			w.fail("%v: encode: %v", from.node, err)
			return
		}
		w.noteEnds(from.node, f.Answer)
		if f.Ping.Beat == 0 {
			w.fail("%v sends a frame without a beat", from.node)
		}
		sent := w.now
		w.after(time.Millisecond+w.dur(s.net.slow), func() { s.deliver(e, body, f.Ping, sent, to) })
	})
}

// deliver brings a frame to the other side. While the way is cut it waits, until
// the write deadline cuts the stream.
func (s *stream) deliver(e int, body []byte, ping *gossip.Ping, since time.Time, to *end) {
	from, w := s.ends[e], s.net.w
	switch {
	case from.closed || from.node.dead:
		return
	case to.closed || to.node.dead:
		s.halted = w.now
		s.over(e, 10*time.Millisecond)
	case s.net.cut[[2]int{from.node.slot, to.node.slot}]:
		s.halted = w.now
		if w.now.Sub(since) > interval/2 {
			s.over(e, 0)
			return
		}
		w.after(200*time.Millisecond, func() { s.deliver(e, body, ping, since, to) })
	case !w.quiet && w.chance(s.net.fragile):
		s.halted = w.now
		s.over(e, w.dur(20*time.Millisecond))
		s.over(1-e, w.dur(20*time.Millisecond))
	default:
		meant, _ := from.link.Peer()
		w.beat(to.node, from.node, ping.Beat, since, meant == to.node.id && ping.Yours != 0)
		to.node.do(func(now time.Time) { s.receive(e, body, now, to) })
		from.busy = false
		s.pump(e)
	}
}

func (s *stream) receive(e int, body []byte, now time.Time, to *end) {
	w := s.net.w
	if to.told || to.link == nil {
		return
	}
	f, err := gossip.DecodeFrame(body, now.UnixMilli())
	if err != nil {
		w.fail("%v: decode: %v", to.node, err)
		return
	}
	if err := to.node.core.Gossip.Receive(now, to.link, f); err != nil {
		if !errors.Is(err, gossip.ErrStranger) {
			w.fail("%v: receive: %v", to.node, err)
		}
		s.end(1 - e)
	}
}

// over tells one side later that the stream is over.
func (s *stream) over(e int, d time.Duration) {
	s.net.w.after(d, func() { s.end(e) })
}

// end closes one side; the other hears of it when the way is open.
func (s *stream) end(e int) {
	side, w := s.ends[e], s.net.w
	if side.closed {
		return
	}
	side.closed, s.halted = true, w.now
	side.node.do(func(now time.Time) {
		side.told = true
		if side.link != nil {
			side.node.core.Gossip.Closed(now, side.link)
		}
	})
	if s.net.open(side.node, s.ends[1-e].node) {
		s.over(1-e, w.dur(20*time.Millisecond))
	}
	if s.ends[1-e].closed {
		s.net.streams = slices.DeleteFunc(s.net.streams, func(t *stream) bool { return t == s })
	}
}

// drop ends the streams of a process that is no more. Those who cannot be told
// keep theirs half open.
func (n *network) drop(dead *node) {
	for _, s := range slices.Clone(n.streams) {
		for e := range s.ends {
			if s.ends[e].node == dead {
				s.end(e)
			}
		}
	}
}

// sound reports whether the stream by which at reads of has been whole for d, and
// quick enough that questions and answers went both ways within it.
func (n *network) sound(at, of *node, d time.Duration) bool {
	if n.slow > d/12 || n.w.now.Sub(n.paced) < timeout {
		return false
	}
	for _, s := range n.streams {
		if s.ends[0].node == at && s.ends[1].node == of && !s.ends[0].closed && !s.ends[1].closed &&
			n.w.now.Sub(s.since) > d && n.w.now.Sub(s.halted) > d && n.open(at, of) {
			return true
		}
	}
	return false
}

func sortedIDs[V any](m map[channels.NodeID]V) []channels.NodeID {
	ids := make([]channels.NodeID, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b channels.NodeID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}
