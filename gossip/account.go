package gossip

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip/wire"
)

// A node gives another an account of what is in nobody else's copy: how its own sockets
// are, and whom it believes to be there. It is asked for by an [Order] with Query, and
// comes as a receipt; both have fields of their own on the wire, since a node that does not
// know queries would take one for the order to end all sessions of the user. Nothing is
// kept of it: a query that comes twice is answered twice.

const (
	maxHeld       = 256 // sessions in one account
	maxAccounts   = 32  // that wait for one stream
	frameAccounts = 4   // in one frame
)

// Account is what a node tells of a user's sessions that it holds or, if none was
// named, of itself.
type Account struct {
	Held []Held // of the user; the first 256

	Sessions, Anonymous int      // that it holds, if no user was named; the latter are among the former
	Beliefs             []Belief // of all who are here or late, likewise
}

// Held is what the holder of a session knows of it besides its entry. Times are in the
// holder's running time, at least 0.
type Held struct {
	Session uint64
	Socket  bool          // it has one
	Silent  time.Duration // since its last frame, if it has a socket
	InGrace bool
	Grace   time.Duration // until it ends, if InGrace
	Token   time.Duration // until its token is over, leeway included; 0: there is none
}

// Belief is what a node thinks of another that it has not given up.
type Belief struct {
	Node channels.NodeID
	Late bool // else it is here
}

// account puts what was told on a stream. If there is none, the query will come again.
func (c *Core) account(o Ordered) {
	c.stats.Accounts++
	l := c.linkTo(o.From)
	if l == nil || len(l.accounts) >= maxAccounts {
		c.stats.ReceiptsDropped++
		return
	}
	a := o.Account
	a.Held = a.Held[:min(len(a.Held), maxHeld)]
	l.accounts = append(l.accounts, Receipt{ID: o.ID, Number: c.table.Number(), Account: &a})
	c.wake(l)
}

// Beliefs returns what this node thinks of those that it has not given up.
func (c *Core) Beliefs() (all []Belief) {
	for _, p := range c.peers {
		if p.live() {
			all = append(all, Belief{p.id, p.state == Late})
		}
	}
	return all
}

func (a *Account) proto(id, number uint64) *wire.Account {
	pb := &wire.Account{Id: id, Number: number, Sessions: uint64(a.Sessions), Anonymous: uint64(a.Anonymous)}
	for _, h := range a.Held {
		w := &wire.Held{Session: h.Session, Socket: h.Socket, SilentMs: milliseconds(h.Silent)}
		if h.InGrace {
			grace := milliseconds(h.Grace)
			w.GraceMs = &grace
		}
		if h.Token > 0 {
			token := milliseconds(h.Token)
			w.TokenMs = &token
		}
		pb.Held = append(pb.Held, w)
	}
	for _, b := range a.Beliefs {
		pb.Beliefs = append(pb.Beliefs, &wire.Belief{Node: b.Node[:], Late: b.Late})
	}
	return pb
}

// milliseconds rounds up, so that what is not over does not seem so.
func milliseconds(d time.Duration) uint64 {
	return uint64(max(0, d+time.Millisecond-1) / time.Millisecond)
}

// queries reads those among a frame's orders.
func (d *decoder) queries(pb []*wire.Query) (all []Order) {
	d.few("queries", len(pb), frameOrders)
	if d.err != nil {
		return nil
	}
	for _, q := range pb {
		all = append(all, Order{ID: q.GetId(), User: d.text("user of a query", q.GetUser(), MaxName), Query: true})
	}
	return all
}

// accounts reads those among a frame's receipts.
func (d *decoder) accounts(pb []*wire.Account) (all []Receipt) {
	d.few("accounts", len(pb), frameAccounts)
	if d.err != nil {
		return nil
	}
	for _, x := range pb {
		a := &Account{Sessions: int(min(x.GetSessions(), maxStaged)), Anonymous: int(min(x.GetAnonymous(), maxStaged))}
		d.few("sessions of an account", len(x.GetHeld()), maxHeld)
		d.few("beliefs", len(x.GetBeliefs()), maxPeers)
		if d.err != nil {
			return nil
		}
		for _, h := range x.GetHeld() {
			a.Held = append(a.Held, Held{h.GetSession(), h.GetSocket(), d.span(h.GetSilentMs()), h.GraceMs != nil, d.span(h.GetGraceMs()), d.span(h.GetTokenMs())})
		}
		for _, b := range x.GetBeliefs() {
			a.Beliefs = append(a.Beliefs, Belief{d.node(b.GetNode()), b.GetLate()})
		}
		all = append(all, Receipt{ID: x.GetId(), Number: x.GetNumber(), Account: a})
	}
	return all
}

func (d *decoder) span(ms uint64) time.Duration {
	return time.Duration(min(ms, maxAge)) * time.Millisecond
}
