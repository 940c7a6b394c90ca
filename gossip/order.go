package gossip

import (
	"errors"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// A node gives another an order when an operator wants something done with sessions
// that the other holds, and waits for the receipt. The order goes over a stream, and over
// the next one if that ends before the receipt has come; a node that gets it twice
// carries it out once. It is over when the receipt is here and the table has been read
// as far as what was done, when the other node is lost or has left, or after the timeout.

// Errors of orders.
var (
	ErrLost        = errors.New("the node is lost or has left")
	ErrUnanswered  = errors.New("the node did not answer in time")
	ErrUnreachable = errors.New("there was no stream to the node")
	ErrTooMany     = errors.New("too many orders at once")
)

const (
	maxOrders   = 1024 // that this node waits for
	maxReceipts = 1024 // that wait for a stream, and that are remembered
	frameOrders = 256  // in one frame, and as many receipts
)

// Order says what is to be done with sessions that a node holds: Status is to be chosen
// for User or, if it is 0, the one Session is to end or, if that is 0 too, all of User. With
// Query nothing is to be done, and the receipt has an [Account].
type Order struct {
	ID      uint64 // names it with who gave it; never used again
	User    string
	Session uint64
	Status  channels.Status
	Text    string // beside the status, or what the clients are told
	Query   bool   // tell of the sessions of User that the other holds or, without one, of itself
}

// Receipt says what came of an order.
type Receipt struct {
	ID       uint64   // of the order
	Sessions int      // that it was carried out on
	Number   uint64   // of the table of who carried it out, when it had
	Account  *Account // of a query
}

// Ordered is an order of another node. Whoever carries it out calls [Core.Obeyed].
type Ordered struct {
	From channels.NodeID
	Order
	Sessions []uint64 // on which it was carried out
	Account  Account  // of a query
}

// Outcome is the end of an order of this node.
type Outcome struct {
	ID       uint64
	Sessions int      // that it was carried out on
	Account  *Account // of a query
	Err      error    // one of those above; nothing is known of what was done
}

// given is an order that this node waits for.
type given struct {
	Order
	to    channels.NodeID
	until time.Time
	link  *Link    // over which it went, or will; nil: there is none
	done  *Receipt // nil: not yet
}

// obeyed is an order that was carried out, and of whom.
type obeyed struct {
	from channels.NodeID
	Receipt
}

// Order has another node carry out an order, whose ID is given here. One of
// [Effects.Outcomes] tells what came of it, unless there is an error now.
func (c *Core) Order(now time.Time, to channels.NodeID, o Order) (id uint64, err error) {
	c.step(now)
	if p := c.peer(to); p == nil || !p.live() {
		return 0, ErrLost
	}
	if len(c.given) >= maxOrders {
		c.stats.OrdersRefused++
		return 0, ErrTooMany
	}
	c.lastOrder++
	o.ID = c.lastOrder
	g := &given{Order: o, to: to, until: now.Add(c.cfg.Timeout)}
	c.given = append(c.given, g)
	c.stats.Orders++
	c.pass(g)
	return o.ID, nil
}

// linkTo returns an open stream to a node, the one that this node dialed first; nil: there
// is none.
func (c *Core) linkTo(id channels.NodeID) *Link {
	if p := c.peer(id); p != nil && p.link != nil && p.link.proved && !p.link.closed {
		return p.link
	}
	for _, l := range c.links {
		if l.peer == id && l.proved && !l.closed {
			return l
		}
	}
	return nil
}

// pass puts an order on a stream, if there is one.
func (c *Core) pass(g *given) {
	if g.link = c.linkTo(g.to); g.link != nil {
		g.link.orders = append(g.link.orders, g.Order)
		c.wake(g.link)
	}
}

// passOn puts the orders on another stream that were on one that has ended, or on none.
func (c *Core) passOn(ended *Link) {
	for _, g := range c.given {
		if g.link == ended && g.done == nil {
			c.pass(g)
		}
	}
}

// obey takes orders of another node in. One that was carried out before is only answered.
func (c *Core) obey(from channels.NodeID, orders []Order) {
	for _, o := range orders {
		if o.Query {
			c.fx.Orders = append(c.fx.Orders, Ordered{From: from, Order: o})
			continue
		}
		before := slices.IndexFunc(c.obeyed, func(d obeyed) bool { return d.from == from && d.ID == o.ID })
		if before >= 0 {
			c.acknowledge(c.obeyed[before])
			continue
		}
		c.fx.Orders = append(c.fx.Orders, Ordered{From: from, Order: o})
	}
}

// Obeyed says that an order of another node was carried out. What that changed has been Put.
func (c *Core) Obeyed(now time.Time, o Ordered) {
	c.step(now)
	if o.Query {
		c.account(o)
		return
	}
	c.stats.Obeyed++
	if len(c.obeyed) >= maxReceipts {
		c.obeyed = slices.Delete(c.obeyed, 0, len(c.obeyed)-maxReceipts+1)
	}
	done := obeyed{o.From, Receipt{ID: o.ID, Sessions: len(o.Sessions), Number: c.table.Number()}}
	c.obeyed = append(c.obeyed, done)
	c.acknowledge(done)
}

// acknowledge puts a receipt on a stream. If there is none, the order will come again.
func (c *Core) acknowledge(d obeyed) {
	l := c.linkTo(d.from)
	if l == nil || len(l.receipts) >= maxReceipts {
		c.stats.ReceiptsDropped++
		return
	}
	l.receipts = append(l.receipts, d.Receipt)
	c.wake(l)
}

// received takes receipts in.
func (c *Core) received(from channels.NodeID, receipts []Receipt) {
	for _, r := range receipts {
		for _, g := range c.given {
			if g.ID == r.ID && g.to == from && g.done == nil {
				g.done = &r
			}
		}
	}
}

// finish ends the orders that are over.
func (c *Core) finish(now time.Time) {
	c.given = slices.DeleteFunc(c.given, func(g *given) bool {
		p := c.peer(g.to)
		lost := p == nil || !p.live()
		late := !now.Before(g.until)
		switch {
		case g.done != nil && (lost || late || p.copy.Number() >= g.done.Number):
			c.fx.Outcomes = append(c.fx.Outcomes, Outcome{ID: g.ID, Sessions: g.done.Sessions, Account: g.done.Account})
			return true
		case g.done != nil:
			return false
		case lost:
			c.fail(g, ErrLost)
		case late && g.link == nil:
			c.fail(g, ErrUnreachable)
		case late:
			c.fail(g, ErrUnanswered)
		}
		return lost || late
	})
}

func (c *Core) fail(g *given, err error) {
	c.stats.OrdersFailed++
	c.fx.Outcomes = append(c.fx.Outcomes, Outcome{ID: g.ID, Err: err})
}
