package node

import (
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// telling is a word on its way to one who follows a person.
type telling struct {
	*tie
	*word
}

// tellings are the words of one step.
type tellings struct {
	all   []telling
	since time.Time // of the oldest change among them, when it came to this node
}

// add adds what is told because of a change.
func (all *tellings) add(since time.Time, t telling) {
	all.all = append(all.all, t)
	if all.since.IsZero() || since.Before(all.since) {
		all.since = since
	}
}

// deliver hands the words to the sockets.
func (all *tellings) deliver() {
	for _, t := range all.all {
		t.tell()
	}
	all.measure()
}

// stir has a person's followers told of her: at the end of this step, or when her batch is over.
func (n *Node) stir(p *person) {
	if p.changed.IsZero() {
		p.changed = n.entered
	}
	if p.batch != nil || p.queued {
		return
	}
	if wait := batchTime(len(p.ties)) - time.Since(p.flushed); wait > 0 {
		n.later(wait, &p.batch, func() { n.queue(p) })
		return
	}
	n.queue(p)
}

func (n *Node) queue(p *person) {
	if !p.queued {
		p.queued = true
		n.stirred = append(n.stirred, p)
	}
}

// stirChanged stirs the followed people who changed.
func (n *Node) stirChanged() {
	for _, u := range n.core.View.ChangedUsers() {
		if p := n.people[u.User]; p != nil {
			p.left = u.Left
			n.stir(p)
		}
	}
}

// tellStirred has the followers told of those people whose batch is over.
func (n *Node) tellStirred(now time.Time) {
	for _, p := range n.stirred {
		if p.queued = false; n.people[p.name] == p {
			n.tellOf(p, now)
		}
	}
	clear(n.stirred)
	n.stirred = n.stirred[:0]
}

// tellOf gives each follower of a person the newest word, to whom it is news.
func (n *Node) tellOf(p *person, now time.Time) {
	n.look(p)
	p.flushed = now
	sharing := n.sharing(p)
	for _, t := range p.ties {
		if w := t.judge(sharing); w.isNews(t.knows) {
			t.knows = w
			w.framed()
			n.tellings.add(p.changed, telling{t, w})
		}
	}
	p.left, p.changed = nil, time.Time{}
}

// tell hands a word to the socket, unless it was told a newer one.
func (t telling) tell() {
	c := t.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case t.gone || t.held || t.owed || t.version <= t.told.version:
	case c.sock.Send(t.frame) == socket.Full:
		t.lie()
	default:
		t.told = t.word
	}
}

// owe has the socket told what it is to know, by the next [Node.resync].
func (t *tie) owe() {
	t.conn.mu.Lock()
	defer t.conn.mu.Unlock()
	if !t.held && !t.gone {
		t.lie()
	}
}

// lie puts a tie among those that are owed a word. conn.mu is held.
func (t *tie) lie() {
	if !t.owed {
		t.owed, t.conn.behind = true, true
		t.conn.owed = append(t.conn.owed, t)
	}
}

// settleWith forgets that a word is owed. mu is held.
func (c *conn) settleWith(t *tie) {
	if t.owed {
		t.owed = false
		c.owed = slices.DeleteFunc(c.owed, func(o *tie) bool { return o == t })
	}
}

// tellOwed tells what there was no room for, of each person the newest. False: there still
// is no room for all. Node.mu and mu are held.
func (c *conn) tellOwed() bool {
	for len(c.owed) > 0 {
		t := c.owed[0]
		if t.knows.isNews(t.told) { // else it is again as it was
			if c.sock.Send(t.knows.framed()) == socket.Full {
				return false
			}
			c.node.stats.ToldLate++
			t.told = t.knows
		}
		t.owed = false
		c.owed = c.owed[1:]
	}
	c.owed = nil
	return true
}

// tellOrAsk answers a follow, or keeps the place of the answer.
func (c *conn) tellOrAsk(s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.slots) == 0 && c.tellUsers(s) {
		return
	}
	waits := len(s.names)
	for _, s := range c.slots {
		waits += len(s.names)
	}
	if waits > maxAsked {
		c.node.reach(limitAnswers)
		c.sock.Close(protocol.CloseOverload, "too many requests at once")
		return
	}
	for _, name := range s.names {
		if t := c.ties[name]; t != nil {
			t.held = true
			c.settleWith(t)
		}
	}
	c.append(s)
}
