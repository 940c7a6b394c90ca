package gossip

import (
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// maxResumed bounds what waits to be told over one stream. What is dropped only
// ends later, by itself.
const maxResumed = 1024

// Link is one stream between two nodes. Who dialed it reads tables over it, the
// other answers; questions go both ways. There is no queue: what is to be sent
// is found by [Core.Next] when the stream can take it.
type Link struct {
	peer    channels.NodeID // zero until the first frame of one that was accepted
	dialed  bool
	closed  bool
	woken   bool
	proved  bool // the peer has shown its id
	pingDue bool
	asks    []channels.NodeID // to be put to the peer
	asked   []channels.NodeID // put by the peer
	resumed []Resumed

	orders   []Order // of this node, to be sent
	receipts []Receipt
	accounts []Receipt // with accounts, which are larger

	// Of one that was dialed.
	wanting  bool   // Wants are to be sent
	serial   uint64 // of the last Wants
	progress time.Time

	// Of one that was accepted.
	cursors    []*cursor
	turn       int
	introduced bool // the peer was told of all nodes that are known here
	seen       retold
}

// Peer returns who is on the other side; false while that is not known.
func (l *Link) Peer() (channels.NodeID, bool) { return l.peer, l.peer != channels.NodeID{} }

// Opened says that a stream to a peer was dialed, as the core had asked.
func (c *Core) Opened(now time.Time, id channels.NodeID) *Link {
	c.step(now)
	l := &Link{peer: id, dialed: true, progress: now}
	c.links = append(c.links, l)
	p := c.peer(id)
	if p != nil {
		p.dialing = false
	}
	if p == nil || p.state == Gone || p.link != nil {
		c.shut(l)
		return l
	}
	p.link = l
	c.want(l)
	return l
}

// DialFailed says that a dial has failed, whatever the reason.
func (c *Core) DialFailed(now time.Time, id channels.NodeID) {
	c.step(now)
	if p := c.peer(id); p != nil {
		p.dialing = false
		c.failed(now, p)
	}
}

// Accepted says that a stream was accepted.
func (c *Core) Accepted(now time.Time) *Link {
	c.step(now)
	l := &Link{progress: now}
	c.links = append(c.links, l)
	return l
}

// Closed says that a stream has ended. What was staged stays: reading goes on
// from there.
func (c *Core) Closed(now time.Time, l *Link) {
	c.step(now)
	l.closed = true
	c.links = slices.DeleteFunc(c.links, func(k *Link) bool { return k == l })
	c.passOn(l)
	if !l.dialed {
		// Its reader may not know: the ping tells what it has missed.
		if p := c.peer(l.peer); p != nil && p.live() && p.addr != "" && c.life != Left {
			c.send(p, c.ping(p))
		}
		return
	}
	c.unasked(l)
	for _, p := range c.peers {
		if p.via == l.peer {
			p.via, p.routeAt = channels.NodeID{}, now
		}
	}
	if p := c.peer(l.peer); p != nil && p.link == l {
		p.link = nil
		c.failed(now, p)
		c.advanced(p.id) // who reads it through us has to look elsewhere
	}
}

// shut asks for the end of a stream.
func (c *Core) shut(l *Link) {
	if !l.closed {
		l.closed = true
		c.fx.Closes = append(c.fx.Closes, l)
	}
}

// Receive takes in a frame. On an error the stream is to be closed.
func (c *Core) Receive(now time.Time, l *Link, f *Frame) error {
	t := c.step(now)
	c.stats.Frames++
	p := c.meet(f.Ping.Node)
	if p == nil {
		return fmt.Errorf("%w: ourselves, or more than %d nodes", ErrStranger, maxPeers)
	}
	c.hear(now, p, f.Ping, c.made(f.Ping))
	if l.peer == (channels.NodeID{}) {
		l.peer = p.id
	}
	if l.peer != p.id {
		return fmt.Errorf("%w: %v instead of %v", ErrStranger, p.id, l.peer)
	}
	if l.closed {
		return nil // it was a sign of life all the same
	}
	if !l.proved {
		l.proved = true
		c.direct(p, l)
		c.passOn(nil)
	}
	for _, id := range f.Ping.Asks {
		if !slices.Contains(l.asked, id) && len(l.asked) < maxPeers {
			l.asked = append(l.asked, id)
		}
		c.wake(l)
	}
	if f.Wants != nil && !l.dialed {
		c.serve(l, f.Wants)
		if f.Wants.Seen {
			l.seen.begin(now, c.cfg.View.Seen(t))
		}
	}
	if l.dialed {
		c.learnSeen(t, l, f)
	}
	same, others := f.hearsay()
	c.listen(now, p, same)
	if f.Answer != nil && l.dialed {
		if err := c.answer(t, l, f); err != nil {
			c.stats.Malformed++
			return err
		}
	}
	c.listen(now, p, others) // news of a return, in the answer, before those of a departure
	c.fx.Resumed = append(c.fx.Resumed, f.Resumed...)
	c.obey(p.id, f.Orders)
	c.received(p.id, f.Receipts)
	c.received(p.id, f.Accounts)
	c.finish(now)
	if f.Ping.Life == Left {
		c.depart(p, 0)
	}
	c.learn(now)
	return nil
}

// serve puts the cursors of a reader where it says that it is.
func (c *Core) serve(l *Link, w *Wants) {
	l.cursors = l.cursors[:0]
	for _, want := range w.Wants {
		l.cursors = append(l.cursors, &cursor{origin: want.Origin, serial: w.Serial, at: want.After, again: want.Whole, fresh: true})
	}
	l.pingDue = true // even a reader of nothing learns who answers
	c.wake(l)
}

// Resume tells the node that holds a session that its user opened another in its
// stead. Nothing breaks if that is lost: the session ends by itself.
func (c *Core) Resume(now time.Time, holder channels.NodeID, r Resumed) {
	c.step(now)
	links := c.links
	if p := c.peer(holder); p != nil && p.link != nil {
		links = append([]*Link{p.link}, links...) // one that it dialed may be half open
	}
	for _, l := range links {
		if l.peer == holder && l.proved && !l.closed && len(l.resumed) < maxResumed {
			l.resumed = append(l.resumed, r)
			c.wake(l)
			return
		}
	}
	c.stats.Untold++
}

// Next returns what is to be sent on a stream now, and nil if there is nothing.
// Call it again after each write, and when the stream is in [Effects.Wakes].
func (c *Core) Next(now time.Time, l *Link) *Frame {
	c.step(now)
	if l.closed {
		return nil
	}
	f := &Frame{}
	switch {
	case l.wanting:
		f.Wants = c.wants(l)
	case len(l.asks)+len(l.asked)+len(l.resumed)+len(l.orders)+len(l.receipts)+len(l.accounts) > 0:
	default:
		f.Answer = c.nextAnswer(l)
		if f.Answer == nil {
			f.Seen, f.SeenAll = l.seen.next(now)
		}
		if f.Answer == nil && !f.SeenAll && len(f.Seen) == 0 && !l.pingDue {
			l.woken = false
			return nil
		}
	}
	hearsay, _ := c.tell(now, l.asked)
	f.Resumed = l.resumed
	f.Orders, l.orders = cut(l.orders, frameOrders)
	f.Receipts, l.receipts = cut(l.receipts, frameOrders)
	f.Accounts, l.accounts = cut(l.accounts, frameAccounts)
	f.Ping = c.ping(c.peer(l.peer))
	f.Ping.Asks, f.Ping.Hearsay = l.asks, hearsay
	c.introduce(now, l, f)
	if f.Answer != nil && c.life == Left {
		f.Ping.Life = Draining // goodbye comes after the last answer
	} else {
		l.pingDue = false
	}
	l.asks, l.asked, l.resumed = nil, nil, nil
	return f
}

// cut returns the first of a list, at most so many, and the rest.
func cut[T any](all []T, most int) (first, rest []T) {
	if len(all) <= most {
		return all, nil
	}
	return all[:most:most], all[most:]
}

// introduce tells a reader of all nodes with its first answer, so that it knows
// whose tables to wait for; and with an answer from our copy of another node's
// table, how old our news of that node is.
func (c *Core) introduce(now time.Time, l *Link, f *Frame) {
	if f.Answer == nil {
		return
	}
	if !l.introduced {
		l.introduced = true
		for _, p := range c.peers {
			if h, ok := c.hearsay(now, p); ok && p.id != l.peer && !(h.Left && now.Sub(p.asideAt) > c.cfg.Timeout) {
				f.Ping.Hearsay = append(f.Ping.Hearsay, h)
			}
		}
	} else if p := c.peer(f.Answer.Origin); p != nil {
		if h, ok := c.hearsay(now, p); ok {
			f.Ping.Hearsay = append(f.Ping.Hearsay, h)
		}
	}
	f.Ping.Hearsay = f.Ping.Hearsay[:min(len(f.Ping.Hearsay), maxPeers)]
}

// nextAnswer returns the next part of a table that the reader of a stream is
// owed, taking its origins in turn.
func (c *Core) nextAnswer(l *Link) *Answer {
	for range l.cursors {
		l.turn = (l.turn + 1) % len(l.cursors)
		cur := l.cursors[l.turn]
		led := c.served(cur.origin)
		switch {
		case led == nil:
			l.cursors = slices.Delete(l.cursors, l.turn, l.turn+1)
			return &Answer{Origin: cur.origin, Serial: cur.serial, Gone: true}
		case cur.pending(led):
			return cur.advance(led, c.cfg.Part)
		}
	}
	return nil
}

// served returns the ledger in which others may read an origin, or nil.
func (c *Core) served(origin channels.NodeID) *ledger {
	if origin == c.cfg.Self {
		return c.table.led
	}
	if p := c.peer(origin); p != nil && c.readable(p) {
		return p.copy.led
	}
	return nil
}

// advanced wakes the streams of the readers of an origin.
func (c *Core) advanced(origin channels.NodeID) {
	for _, l := range c.links {
		for _, cur := range l.cursors {
			if cur.origin == origin {
				c.wake(l)
				break
			}
		}
	}
}

// wake has Next called.
func (c *Core) wake(l *Link) {
	if !l.woken && !l.closed {
		l.woken = true
		c.fx.Wakes = append(c.fx.Wakes, l)
	}
}
