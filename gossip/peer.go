package gossip

import (
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// asideAge is how long the table of a node that is lost or left is kept, so that
// one that comes back is read on from where it was.
const asideAge = 5 * time.Minute

// maxAside bounds how many such tables are kept. The oldest goes first, and is
// read as a whole should its node come back.
const maxAside = 64

// peer is what a core knows of another node.
type peer struct {
	id   channels.NodeID
	addr string // host:port of its gossip; empty: only heard of
	name string // label for people
	meta []byte
	pace      // as it tells
	life Life // as it tells

	clock reckoning

	state   State
	member  bool          // memberlist lists it
	beat    uint64        // highest heard
	heard   time.Duration // running time of that beat
	sure    sign          // the highest of which the age is known: it is told to others
	number  uint64        // of its table, with that beat
	behind  time.Time     // since when number is ahead of the copy; zero: it is not
	asideAt time.Time     // since when it is lost or gone

	since   time.Duration // running time at which it was met; or came back, less doubt
	suspect bool          // memberlist does: ask before it is overdue
	asked   int           // questions since its last beat
	doomed  bool          // the timeout was over at the last tick
	askAt   time.Time
	asks    []channels.NodeID // to be put to it by the next datagram

	copy     Copy
	shown    bool // the copy is in the view
	rereads  int
	stalls   int // streams cut since one was of use
	rereadAt time.Time

	link     *Link // dialed by us
	dialing  bool
	fails    int // of dials, and of streams before they were of use
	redialAt time.Time
	via      channels.NodeID // reads it for us while link does not; zero: nobody
	routeAt  time.Time
}

// live reports whether the peer's entries stand, or will once they are read.
func (p *peer) live() bool { return p.state == Here || p.state == Late }

// Peer is what memberlist tells of a member.
type Peer struct {
	Addr string // host:port of its gossip
	Name string // label for people
	Meta []byte // opaque, at most 512 bytes
}

// Met says that memberlist lists a node, or that what it tells of it has changed.
// That is no sign of life.
func (c *Core) Met(now time.Time, id channels.NodeID, info Peer) {
	c.step(now)
	p := c.meet(id)
	if p == nil || p.state == Gone {
		return
	}
	if p.addr != info.Addr {
		p.redialAt, p.fails = now, 0
	}
	first := !p.member && p.beat == 0
	p.member, p.suspect, p.addr, p.name, p.meta = true, false, info.Addr, info.Name, info.Meta
	if first {
		c.send(p, c.ping(p))
		c.route(now, p)
	}
}

// Suspect says that memberlist cannot reach a node. It makes the core ask earlier,
// and decides nothing.
func (c *Core) Suspect(now time.Time, id channels.NodeID) {
	c.step(now)
	if p := c.peer(id); p != nil {
		p.member, p.suspect, p.askAt = false, true, now
	}
}

// hear takes in a beat at first hand, and when it was made. It counts from when it is
// read: old and replayed ones prove nothing.
func (c *Core) hear(now time.Time, p *peer, ping *Ping, made time.Time) {
	c.grow(ping, made)
	if p.state == Gone {
		return
	}
	if ping.Beat <= p.beat {
		c.stats.OldBeats++
		return
	}
	p.beat, p.heard = ping.Beat, c.clk.run
	if !made.IsZero() {
		p.sure = sign{ping.Beat, made}
	}
	p.clock.sample(now, 5*p.interval, time.Duration(ping.Clock)*time.Millisecond-c.clk.time())
	p.pace, p.life = told(ping.Interval, ping.Timeout), ping.Life
	c.alive(p)
	c.compare(now, p, ping.Number, ping.Digest)
}

// alive brings a peer back to here.
func (c *Core) alive(p *peer) {
	p.suspect, p.asked, p.doomed = false, 0, false
	was := p.state
	p.state = Here
	switch was {
	case Late:
		c.note(p)
	case Lost:
		c.stats.Returned++
		c.note(p)
		p.since = c.clk.run - p.doubt()
		p.redialAt, p.routeAt = c.clk.last, c.clk.last
		if l := c.source(p); l != nil {
			c.want(l) // the first answer, even empty, shows it again
		}
	}
}

// compare holds what a peer tells of its table against our copy.
func (c *Core) compare(now time.Time, p *peer, number, digest uint64) {
	p.number = max(p.number, number)
	switch have := p.copy.Number(); {
	case number > have && p.behind.IsZero():
		p.behind = now
	case number == have && p.copy.ready && digest != p.copy.led.digest:
		c.reread(now, p)
	}
}

// reread reads a whole table again, since something was lost that cannot be: 1,
// 2, 4 … intervals apart.
func (c *Core) reread(now time.Time, p *peer) {
	l := c.source(p)
	if l == nil || now.Before(p.rereadAt) {
		return
	}
	c.stats.Rereads++
	p.rereadAt = now.Add(c.cfg.Interval << min(p.rereads, 8))
	p.rereads++
	p.copy.reread()
	c.want(l)
}

// listen takes in beats at second hand.
func (c *Core) listen(now time.Time, from *peer, hearsay []Hearsay) {
	for i := range hearsay {
		h := &hearsay[i]
		if h.Node == c.cfg.Self || h.Node == from.id {
			continue
		}
		age := time.Duration(h.Age) * time.Millisecond
		p := c.peer(h.Node)
		if p == nil && (age < c.cfg.Timeout) {
			p = c.meet(h.Node)
		}
		switch {
		case p == nil:
			continue
		case h.Left:
			c.depart(p, age)
		case p.state != Gone && h.Beat >= p.beat && age < p.timeout:
			c.overhear(now, p, h, age)
		}
		if h.Readable {
			c.offer(p, from)
		}
	}
}

// overhear takes in one beat at second hand: its age counts. It does not bring
// back a node that is lost; only reading its table through another does.
func (c *Core) overhear(now time.Time, p *peer, h *Hearsay, age time.Duration) {
	if p.state == Lost {
		return
	}
	c.learnt(p, h.Beat, age)
	if next(c.clk.run-p.heard, 0, p.pace) == Here {
		c.alive(p)
	}
	c.compare(now, p, h.Number, h.Digest)
}

// learnt notes a beat at second hand, that old at most: of what is told of one beat the
// youngest is the truest.
func (c *Core) learnt(p *peer, beat uint64, age time.Duration) {
	at := c.clk.last.Add(-age)
	if beat == p.sure.beat {
		at = later(at, p.sure.at)
	}
	if heard := c.clk.runAt(at); p.beat == 0 || heard > p.heard { // until its first beat, heard was when we met
		p.heard = heard
	}
	p.beat, p.sure = beat, sign{beat, at}
}

// depart ends a peer for good: it said goodbye that long ago.
func (c *Core) depart(p *peer, age time.Duration) {
	if p.state == Gone {
		return
	}
	c.stats.Left++
	p.state, p.life, p.member, p.asideAt = Gone, Left, false, c.clk.last.Add(-age)
	c.note(p)
	c.cfg.View.Left(c.clk.now(), p.id, age)
	c.trimAside()
}

// judge moves a peer along by its silence, in our running time.
func (c *Core) judge(t channels.Now, p *peer) {
	if !p.live() {
		return
	}
	was := p.state
	p.state = next(t.Run-p.heard, p.asked, p.pace)
	if p.state == Lost && (!p.doomed || c.Late()) {
		p.state, p.doomed = Late, true // its beat may have come and not been read yet: one tick more
	} else {
		p.doomed = p.state == Lost
	}
	if p.state == was {
		return
	}
	switch p.state {
	case Late:
		c.stats.Late++
	case Lost:
		c.stats.Lost++
		c.bury(t, p)
	}
	c.note(p)
}

// bury takes exactly the entries of a lost node out of the view, in one step, and
// keeps its table aside.
func (c *Core) bury(t channels.Now, p *peer) {
	if via := c.peer(p.via); via != nil && via.link != nil {
		c.want(via.link)
	}
	p.shown, p.asideAt, p.via, p.redialAt = false, c.clk.last, channels.NodeID{}, c.clk.last
	c.cfg.View.Lost(t, p.id, p.beat)
	c.advanced(p.id) // readers are told that it is gone
	c.trimAside()
	if p.link != nil {
		c.shut(p.link)
	}
}

// trimAside keeps the tables that are kept aside within their bound.
func (c *Core) trimAside() {
	var oldest *peer
	n := 0
	for _, p := range c.peers {
		if p.live() || p.copy.led.number == 0 {
			continue
		}
		n++
		if oldest == nil || p.asideAt.Before(oldest.asideAt) {
			oldest = p
		}
	}
	if n > maxAside {
		c.stats.AsideDropped++
		oldest.copy = newCopy(c.cfg.Removals)
	}
}

// forget drops what is not needed any more.
func (c *Core) forget(now time.Time, p *peer) {
	p.copy.expire(c.clk.run)
	if p.live() {
		return
	}
	if now.Sub(p.asideAt) > asideAge && p.copy.led.number > 0 {
		p.copy = newCopy(c.cfg.Removals)
	}
	heard := c.clk.run-p.heard < 2*p.timeout
	if !p.member && !heard && now.Sub(p.asideAt) > asideAge && p.link == nil && !p.dialing {
		c.peers = slices.DeleteFunc(c.peers, func(q *peer) bool { return q == p })
	}
}

func (c *Core) note(p *peer) {
	c.fx.Notes = append(c.fx.Notes, Note{p.id, p.name, p.state, c.clk.run - p.heard})
}
