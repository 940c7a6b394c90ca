package core

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// orders are what operators want done in a world. They draw from a generator of their own,
// so that worlds without them stay as they were.
type orders struct {
	rng    *rand.Rand
	given  map[order]*gave
	obeyed map[order]uint64 // the number of the table then
	count  int              // that were carried out and receipted
}

// order names an order in a world.
type order struct {
	by channels.NodeID
	id uint64
}

// gave is an order that was given, and whom it shall end.
type gave struct {
	gossip.Order
	to       channels.NodeID
	sessions []uint64
}

// command has operators give orders at any node until the world is quiet.
func (w *world) command() {
	o := &w.orders
	if o.rng == nil {
		*o = orders{rand.New(rand.NewPCG(w.seed, 7)), map[order]*gave{}, map[order]uint64{}, 0}
	}
	if w.quiet {
		return
	}
	w.after(time.Duration(o.rng.Int64N(int64(3*time.Second))), w.command)
	n, user := w.nodes[o.rng.IntN(len(w.nodes))], users[o.rng.IntN(len(users))]
	if !n.running() || n.left {
		return
	}
	order := gossip.Order{User: user}
	if o.rng.IntN(2) == 0 {
		order.Status = channels.Status(1 + o.rng.IntN(3))
	}
	n.do(func(now time.Time) {
		for _, to := range n.core.View.Holders(user) {
			if to != n.id {
				w.give(n, now, to, order)
			}
		}
	})
}

func (w *world) give(n *node, now time.Time, to channels.NodeID, o gossip.Order) {
	g := &gave{Order: o, to: to}
	d, _ := n.core.View.Details(o.User)
	for _, s := range d.Sessions {
		if s.Origin == to && o.Status == 0 {
			g.sessions = append(g.sessions, s.ID)
		}
	}
	id, err := n.core.Gossip.Order(now, to, o)
	if err != nil {
		w.trace("%v cannot order %v: %v", n, w.byID[to], err)
		return
	}
	w.trace("%v orders %v: %+v", n, w.byID[to], o)
	key := order{n.id, id}
	w.orders.given[key] = g
	w.expectOutcome(n, key, timeout+tick)
}

// expectOutcome demands the end of an order by then; a pause of who gave it does not count.
func (w *world) expectOutcome(n *node, key order, within time.Duration) {
	w.after(within, func() {
		switch {
		case n.dead || w.orders.given[key] == nil:
		case n.paused || w.now.Sub(n.since) < 2*tick:
			w.expectOutcome(n, key, time.Second)
		default:
			w.fail("%v has heard nothing of its order %d", n, key.id)
		}
	})
}

// obeyed holds orders that a node carried out against being carried out once.
func (w *world) obeyed(n *node, all []gossip.Ordered) {
	for _, o := range all {
		key := order{o.From, o.ID}
		if _, again := w.orders.obeyed[key]; again {
			w.fail("%v carries out the order %d of %v twice", n, o.ID, w.byID[o.From])
		}
		w.orders.obeyed[key] = n.core.Gossip.Table().Number()
	}
	if len(all) == 0 {
		return
	}
	for _, c := range slices.Clone(w.clients) {
		if c.node == n && n.core.View.Owner(c.session) == "" {
			w.trace("%s is sent away by %v", c.user, n)
			w.gone(c)
		}
	}
}

// outcome holds the end of an order against what the node that gave it shows now.
func (w *world) outcome(n *node, o gossip.Outcome) {
	key := order{n.id, o.ID}
	g := w.orders.given[key]
	if g == nil {
		w.fail("%v hears twice of its order %d", n, o.ID)
		return
	}
	delete(w.orders.given, key)
	w.trace("%v hears of its order %d: %d, %v", n, o.ID, o.Sessions, o.Err)
	if o.Err != nil {
		return
	}
	w.orders.count++
	number, was := w.orders.obeyed[key]
	if !was {
		w.fail("%v hears that its order %d was carried out, which it was not", n, o.ID)
	}
	d, _ := n.core.View.Details(g.User)
	for _, s := range d.Sessions {
		if s.Origin == g.to && slices.Contains(g.sessions, s.ID) && n.reached(g.to) >= number && n.knows(w.byID[g.to]) {
			w.fail("%v shows session %d of %s, which it knows to be ended", n, s.ID, g.User)
		}
	}
}
