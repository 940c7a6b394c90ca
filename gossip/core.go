package gossip

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// Config sets the pace of a core. All fields but Part and Removals are required.
type Config struct {
	// Self is this run of this node.
	Self channels.NodeID

	// Interval is the time between two pings. Halving it doubles the idle
	// traffic and halves the time until a crash is seen.
	Interval time.Duration

	// Timeout is how long after its last sign of life a node is given up, at
	// least Interval × 1.3: below it a late node has no time to answer.
	Timeout time.Duration

	// View is told what the peers hold, under the lock of the core.
	View View

	// Rand jitters redials, and sets the clock that peers are told. The core alone
	// uses it.
	Rand *rand.Rand

	// Part is how many entries one frame carries at most. Default and bound
	// 4096. Smaller ones give streams that share a line more turns, at the price
	// of more frames.
	Part int

	// Removals is how many removals are remembered at least, each for 5 minutes
	// at most, so that readers need not read whole tables. Default 10,000; the
	// live entries if they are more.
	Removals int
}

// View is what the core tells of its peers; [channels.View] is one.
type View interface {
	// Apply shows the net changes of one origin's table as one.
	Apply(now channels.Now, origin channels.NodeID, changes []channels.Change, number uint64)
	// Replace is Apply of what the whole table differs in from what was shown.
	Replace(now channels.Now, origin channels.NodeID, changes []channels.Change, number uint64)
	// Lost takes all entries of an origin out, in one step. The beat is its last.
	Lost(now channels.Now, origin channels.NodeID, beat uint64)
	// Left puts all entries of an origin that said goodbye age ago in grace.
	Left(now channels.Now, origin channels.NodeID, age time.Duration)
	// Seen returns the users who left and are remembered, for a node that joins.
	Seen(now channels.Now) []channels.Seen
	// LearnSeen takes what another node's Seen returned.
	LearnSeen(now channels.Now, all []channels.Seen)
}

// Core is the state of a node in its cluster. It has no goroutine, no clock and
// no socket: the caller serializes all calls, passes the time in (with monotonic
// reading), and carries out the [Effects].
type Core struct {
	cfg   Config
	clk   clock
	table Table
	life  Life
	beat  uint64

	peers []*peer // by id
	links []*Link // in the order of their opening
	seen  inquiry // who was here before us

	lastOrder uint64
	given     []*given // orders of this node, the oldest first
	obeyed    []obeyed // orders of others, the oldest first

	pingAt time.Time
	ticked time.Time
	late   int  // ticks in a row that came late
	tried  bool // the seeds were
	ready  bool

	fx    Effects
	stats Stats
}

// Effects is what a core wants done. Nothing of it must succeed.
type Effects struct {
	Packets []Packet  // send, unreliably
	Dials   []Dial    // open a stream; answer with Opened or DialFailed
	Wakes   []*Link   // call Next
	Closes  []*Link   // close the stream; answer with Closed
	Resumed []Resumed // own sessions whose users opened others in their stead
	Orders  []Ordered // to be carried out, and answered with Obeyed

	Outcomes []Outcome // of this node's orders
	Notes    []Note    // what an operator may want to know
	Paused   bool      // this node has said nothing for longer than it should
	Doubt    bool      // that was longer than the timeout: it cannot know who is still there
}

// Packet is a datagram for a peer.
type Packet struct {
	To   channels.NodeID
	Addr string // host:port
	Data []byte
}

// Dial asks for a stream to a peer.
type Dial struct {
	To   channels.NodeID
	Addr string // host:port
}

// Note tells of a peer that changed its state.
type Note struct {
	Node   channels.NodeID
	Name   string
	State  State
	Silent time.Duration // of this node's running time, when it happened
}

// Stats counts since the start. Everything that must not happen, or is dropped
// at a bound, is here.
type Stats struct {
	Pings, Packets, Frames     uint64 // sent, received, received
	Malformed                  uint64 // datagrams and frames that were dropped
	OldBeats                   uint64 // pings that proved nothing
	Questions, Answers         uint64 // put to peers, given to peers
	Late, Lost, Returned, Left uint64 // peers
	Pauses                     uint64 // of this process
	Reads, WholeReads          uint64 // answers that were applied, and of these whole tables
	Rereads                    uint64 // whole tables read because digests differed: must not happen
	Stalls                     uint64 // streams cut because a ping told of news that did not come
	StaleAnswers               uint64 // answers that came too late to be used
	Crowded                    uint64 // peers refused at a bound
	AsideDropped               uint64 // tables of lost or left nodes, at their bound
	Untold                     uint64 // sessions that were resumed while their holder could not be told
	Orders, OrdersFailed       uint64 // given to peers, and those of which no receipt came
	OrdersRefused              uint64 // not given, because too many others were waited for
	Obeyed, ReceiptsDropped    uint64 // orders of peers, and receipts or accounts that no stream could take
	Accounts                   uint64 // given to peers that asked how sessions or this node are
}

// New returns a core that begins to live now.
func New(cfg Config, now time.Time) *Core {
	if cfg.Part <= 0 || cfg.Part > answerItems {
		cfg.Part = answerItems
	}
	cfg.Removals = cmp.Or(cfg.Removals, minGone)
	c := &Core{cfg: cfg, pingAt: now, ticked: now, life: Learning, table: Table{newLedger(cfg.Removals)}}
	c.clk = clock{pace: pace{cfg.Interval, cfg.Timeout}, last: now,
		epoch: now.Add(-time.Millisecond - time.Duration(cfg.Rand.Int64N(int64(maxEpoch))))}
	return c
}

// Now steps the clock and returns the moment for calls to the view. Whoever calls
// the view on the node's behalf calls this first.
func (c *Core) Now(now time.Time) channels.Now { return c.step(now) }

// Table returns the node's own entries, to be read.
func (c *Core) Table() *Table { return &c.table }

// Put records changes of this node's own entries, in their order, and tells the readers.
func (c *Core) Put(now time.Time, changes []channels.Change) {
	t := c.step(now)
	for _, ch := range changes {
		c.table.put(t.Run, ch)
	}
	if len(changes) > 0 {
		c.advanced(c.cfg.Self)
	}
}

// Take returns and clears what the core wants done.
func (c *Core) Take() Effects {
	fx := c.fx
	c.fx = Effects{}
	return fx
}

// Stats returns the counters.
func (c *Core) Stats() Stats { return c.stats }

// SeedsTried says that the first round of seeds is over, whatever came of it.
func (c *Core) SeedsTried(now time.Time) {
	c.step(now)
	c.tried = true
	c.learn(now)
}

// Ready reports whether the node knows its cluster: it holds the table of every
// node, living or just left, that it learned of when joining, or it has run for
// one timeout. Once true it stays true.
func (c *Core) Ready() bool { return c.ready }

func (c *Core) learn(now time.Time) {
	if c.ready {
		return
	}
	c.ready = c.clk.run >= c.cfg.Timeout || c.tried && !slices.ContainsFunc(c.peers, func(p *peer) bool {
		return p.live() && !p.shown || p.state == Gone && !p.copy.ready && now.Sub(p.asideAt) < c.cfg.Timeout
	})
	if c.ready && c.life == Learning {
		c.announce(now, Serving)
	}
}

// Tick does what time alone makes due. Call it every interval/50.
func (c *Core) Tick(now time.Time) {
	t := c.step(now)
	c.late++
	if now.Sub(c.ticked) <= 2*c.clk.tick() || c.late > maxLate {
		c.late = 0
	}
	c.ticked = now
	if c.life != Left && !now.Before(c.pingAt) {
		c.pingAll(now)
	}
	for _, p := range slices.Clone(c.peers) {
		c.judge(t, p)
		c.question(now, p)
		c.route(now, p)
		c.stalled(now, p)
		c.forget(now, p)
	}
	c.sendAsks(now)
	c.passOn(nil)
	c.finish(now)
	c.table.led.forget(t.Run)
	c.learn(now)
}

// maxLate bounds the ticks in a row that judge nobody since they came late.
const maxLate = 3

// Late reports whether the last tick came late, and what arrived meanwhile may not have
// been read: nobody is to be judged by his silence now. It is true for three ticks in a
// row at most.
func (c *Core) Late() bool { return c.late > 0 }

// step moves the clock on; after a pause it asks everybody before it judges anybody.
func (c *Core) step(now time.Time) channels.Now {
	paused := c.clk.step(now)
	if paused == 0 {
		return c.clk.now()
	}
	c.stats.Pauses++
	c.pingAt = now
	c.fx.Paused = true
	c.fx.Doubt = c.fx.Doubt || paused > c.cfg.Timeout
	for _, p := range c.peers {
		p.asked, p.askAt = 0, now
	}
	return c.clk.now()
}

// Drain tells the peers that this node is moving its clients elsewhere.
func (c *Core) Drain(now time.Time) { c.announce(now, Draining) }

// Leave tells the peers goodbye. What this node still holds gets the grace with
// them. The core says nothing of itself after that, but finishes its answers.
func (c *Core) Leave(now time.Time) { c.announce(now, Left) }

func (c *Core) announce(now time.Time, life Life) {
	c.step(now)
	c.life = life
	c.pingAll(now)
	for _, l := range c.links {
		l.pingDue = true
		c.wake(l)
	}
}

// pingAll sends a ping to every peer that can be addressed.
func (c *Core) pingAll(now time.Time) {
	c.pingAt = now.Add(c.cfg.Interval)
	for _, p := range c.peers {
		if p.state != Gone && p.addr != "" {
			c.send(p, c.ping(p))
		}
	}
}

// send sends a ping as a datagram.
func (c *Core) send(p *peer, ping *Ping) {
	c.stats.Pings++
	c.fx.Packets = append(c.fx.Packets, Packet{p.id, p.addr, encodePing(ping)})
}

// ping returns a sign of life for a peer, or for whoever reads it first if that is
// nil. Each has a beat of its own.
func (c *Core) ping(to *peer) *Ping {
	c.beat++
	ping := &Ping{Node: c.cfg.Self, Beat: c.beat, Number: c.table.Number(), Digest: c.table.Digest(),
		Interval: c.cfg.Interval.Milliseconds(), Timeout: c.cfg.Timeout.Milliseconds(), Life: c.life,
		Clock: c.clk.time().Milliseconds()}
	if to != nil {
		ping.Yours = to.clock.yours(c.clk.time())
	}
	return ping
}

// Payload returns a ping to ride on memberlist's probe acks.
func (c *Core) Payload(now time.Time) []byte {
	c.step(now)
	return encodePing(c.ping(nil))
}

// Packet takes in a datagram. What is malformed is counted and dropped.
func (c *Core) Packet(now time.Time, data []byte) { c.packet(now, data, time.Time{}) }

// Ack takes in the payload of a probe ack. The probe was sent that long ago.
func (c *Core) Ack(now time.Time, data []byte, ago time.Duration) { c.packet(now, data, now.Add(-ago)) }

func (c *Core) packet(now time.Time, data []byte, made time.Time) {
	c.step(now)
	c.stats.Packets++
	ping, err := DecodePing(data)
	if err != nil {
		c.stats.Malformed++
		return
	}
	if ping.Node == c.cfg.Self {
		return
	}
	p := c.meet(ping.Node)
	if p == nil {
		return
	}
	if made.IsZero() {
		made = c.made(ping)
	}
	c.hear(now, p, ping, made)
	if ping.Life == Left {
		c.depart(p, 0)
	}
	c.listen(now, p, ping.Hearsay)
	if answer := c.reply(now, p, ping.Asks); answer != nil && p.addr != "" {
		c.send(p, answer)
	}
}

// find returns the place of a peer in the order of ids.
func (c *Core) find(id channels.NodeID) (int, bool) {
	return slices.BinarySearchFunc(c.peers, id, func(p *peer, id channels.NodeID) int { return bytes.Compare(p.id[:], id[:]) })
}

// peer returns a known peer, or nil.
func (c *Core) peer(id channels.NodeID) *peer {
	if i, ok := c.find(id); ok {
		return c.peers[i]
	}
	return nil
}

// meet returns the peer of that id, making its acquaintance if need be. It is nil
// for ourselves, and when there are too many.
func (c *Core) meet(id channels.NodeID) *peer {
	i, ok := c.find(id)
	switch {
	case ok:
		return c.peers[i]
	case id == c.cfg.Self:
		return nil
	case len(c.peers) >= maxPeers:
		c.stats.Crowded++
		return nil
	}
	p := &peer{id: id, state: Here, pace: c.clk.pace, heard: c.clk.run, since: c.clk.run, copy: newCopy(c.cfg.Removals)}
	c.peers = slices.Insert(c.peers, i, p)
	return p
}
