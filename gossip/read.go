package gossip

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// route sees to it that a peer's table is read: over a stream of our own, or
// while none can be had, through a peer that reads it over a stream of its own.
func (c *Core) route(now time.Time, p *peer) {
	if p.state != Gone && p.link == nil && !p.dialing && p.addr != "" && !now.Before(p.redialAt) {
		p.dialing = true
		c.fx.Dials = append(c.fx.Dials, Dial{p.id, p.addr})
	}
	if c.unread(now, p) && !now.Before(p.routeAt) {
		wait := p.round()
		if p.state == Lost { // most are dead: ask as often as it is dialed
			wait = p.interval
		}
		p.routeAt = now.Add(wait)
		c.askAround(p)
	}
}

// unread reports whether a peer's table can only be had through another, and
// nobody was found yet.
func (c *Core) unread(now time.Time, p *peer) bool {
	switch {
	case p.via != channels.NodeID{} || p.link != nil && p.link.proved:
		return false
	case p.state == Gone:
		return !p.copy.ready && now.Sub(p.asideAt) < c.cfg.Timeout
	case p.state == Lost && now.Sub(p.asideAt) > asideAge && !p.member:
		return false
	}
	return p.fails > 0 || p.addr == ""
}

// offer takes up another peer's word that a peer's table can be read there.
func (c *Core) offer(p, from *peer) {
	if from.link == nil || !from.link.proved || from.link.closed || !c.unread(c.clk.last, p) {
		return
	}
	p.via = from.id
	c.want(from.link)
}

// direct makes a stream that was just proved the one over which its peer is read.
func (c *Core) direct(p *peer, l *Link) {
	if !l.dialed || p.via == (channels.NodeID{}) {
		return
	}
	if via := c.peer(p.via); via != nil && via.link != nil {
		c.want(via.link) // no longer for p
	}
	p.via = channels.NodeID{}
	c.want(l)
}

// source returns the one stream over which a peer is read now, or nil.
func (c *Core) source(p *peer) *Link {
	l := p.link
	if via := c.peer(p.via); p.via != (channels.NodeID{}) && via != nil {
		l = via.link
	}
	if l == nil || l.closed {
		return nil
	}
	return l
}

// want has the Wants of a stream sent anew.
func (c *Core) want(l *Link) {
	if l.dialed {
		l.wanting = true
		c.wake(l)
	}
}

// wants names what is read on a stream now.
func (c *Core) wants(l *Link) *Wants {
	l.wanting = false
	l.serial++
	w := &Wants{Serial: l.serial, Seen: c.seen.ask(l)}
	for _, p := range c.peers {
		if c.source(p) == l {
			w.Wants = append(w.Wants, Want{p.id, p.copy.after(), p.copy.rereading})
		}
	}
	return w
}

// answer takes in a part of a table.
func (c *Core) answer(t channels.Now, l *Link, f *Frame) error {
	a := f.Answer
	p := c.peer(a.Origin)
	if p == nil || a.Serial != l.serial || l.wanting || c.source(p) != l {
		c.stats.StaleAnswers++
		return nil
	}
	l.progress = c.clk.last
	if a.Gone {
		p.via, p.routeAt = channels.NodeID{}, c.clk.last
		return nil
	}
	if p.id != l.peer {
		c.vouch(p, f.Ping.Hearsay)
	}
	whole := p.copy.whole || a.Whole
	changes, tip, err := p.copy.take(t, a)
	switch err {
	case nil:
	case errGap:
		c.want(l)
		return nil
	case errDigest:
		c.reread(c.clk.last, p)
	default:
		return err
	}
	if tip {
		c.stats.Reads++
		if whole {
			c.stats.WholeReads++
		}
		c.show(t, p, changes, whole)
	}
	return nil
}

// vouch brings back a lost node whose table is being read through another that
// has heard a newer beat.
func (c *Core) vouch(p *peer, hearsay []Hearsay) {
	for i := range hearsay {
		h := &hearsay[i]
		age := time.Duration(h.Age) * time.Millisecond
		if h.Node == p.id && p.state == Lost && h.Beat > p.beat && age < p.timeout {
			c.learnt(p, h.Beat, age)
			c.alive(p)
		}
	}
}

// show hands what was applied to the view: the net changes, or all if the peer
// was not shown.
func (c *Core) show(t channels.Now, p *peer, changes []channels.Change, whole bool) {
	if p.state == Lost {
		return
	}
	p.fails, p.rereads, p.stalls = 0, 0, 0
	if p.copy.Number() >= p.number {
		p.behind = time.Time{}
	}
	if !p.shown {
		p.shown, whole = true, true
		changes = p.copy.renew()
	}
	if whole {
		c.cfg.View.Replace(t, p.id, changes, p.copy.Number())
	} else {
		c.cfg.View.Apply(t, p.id, changes, p.copy.Number())
	}
	c.advanced(p.id)
}

// stalled cuts a stream on which nothing comes though a ping has told of news.
func (c *Core) stalled(now time.Time, p *peer) {
	l := c.source(p)
	if l == nil || p.behind.IsZero() || p.copy.Number() >= p.number {
		p.behind = time.Time{}
		return
	}
	since := p.behind
	if l.progress.After(since) {
		since = l.progress
	}
	if c.Late() || c.clk.catchingUp() {
		return // what it brought in a pause of ours was not read yet
	}
	if now.Sub(since) > 2*p.round()<<min(p.stalls, 5) { // a slow way is given more time each time
		c.stats.Stalls++
		p.stalls++
		p.behind = now
		c.shut(l)
	}
}

// failed sets the time of the next dial: soon at first, then growing to half an interval.
func (c *Core) failed(now time.Time, p *peer) {
	p.fails++
	wait := min(p.interval/2, p.tick()<<min(p.fails-1, 8))
	if p.state == Lost {
		wait = p.interval
	}
	p.redialAt = now.Add(wait/2 + time.Duration(c.cfg.Rand.Int64N(int64(wait)+1))/2)
}
