// Package core joins what a node hears with what it shows: a [gossip.Core], which
// copies the tables of its peers, and a [channels.View], which merges them with
// what the node holds itself. It has no goroutine, no clock and no socket, and no
// rule of its own, so that whole clusters of it run in one goroutine on virtual
// time. Package node gives it all three.
//
// One caller at a time: the owner holds one lock around a Core.
package core

import (
	"math/rand/v2"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// Config sets the pace of a core. See [gossip.Config] and [channels.Config]; zero
// bounds take their defaults.
type Config struct {
	Self     channels.NodeID
	Interval time.Duration // required
	Timeout  time.Duration // required
	Grace    time.Duration
	Rand     *rand.Rand // required
	Part     int        // entries of one answer
	Removals int        // remembered at least

	// Account answers a query of another node, within Settle: see [gossip.Account]. An
	// empty user stands for this node. Nil: nothing is told.
	Account func(now time.Time, user string) gossip.Account
}

// Core is the state of one node.
type Core struct {
	View   *channels.View
	Gossip *gossip.Core

	account func(time.Time, string) gossip.Account
	learned bool
}

// New returns a core that begins to live now.
func New(cfg Config, now time.Time) *Core {
	view := channels.New(channels.Config{Self: cfg.Self, Grace: cfg.Grace, Timeout: cfg.Timeout})
	return &Core{View: view, account: cfg.Account, Gossip: gossip.New(gossip.Config{
		Self: cfg.Self, Interval: cfg.Interval, Timeout: cfg.Timeout, View: view,
		Rand: cfg.Rand, Part: cfg.Part, Removals: cfg.Removals,
	}, now)}
}

// Now steps the running time and returns the moment for a call to the view.
func (c *Core) Now(now time.Time) channels.Now { return c.Gossip.Now(now) }

// Tick does what time alone makes due: call it every interval/50.
func (c *Core) Tick(now time.Time) {
	c.Gossip.Tick(now)
	c.View.Tick(c.Gossip.Now(now))
}

// Settle ends a step, of whatever calls to View and Gossip: what the view wrote
// goes into the node's table, and what the step wants done is returned. The
// sockets of the sessions in Resumed, which are in grace now, are to be closed. Orders
// have been carried out, as the view's events tell.
func (c *Core) Settle(now time.Time) gossip.Effects {
	if !c.learned && c.Gossip.Ready() {
		c.learned = true
		c.View.Learned()
	}
	fx := c.Gossip.Take()
	if fx.Doubt {
		c.View.Doubt(c.Now(now))
	}
	if len(fx.Resumed) > 0 {
		fx.Resumed = c.resumed(now, fx.Resumed)
	}
	for i, o := range fx.Orders {
		switch {
		case !o.Query:
			fx.Orders[i].Sessions = c.Obey(now, o.Order)
		case c.account != nil:
			fx.Orders[i].Account = c.account(now, o.User)
		}
	}
	c.Gossip.Put(now, c.View.Writes())
	for _, o := range fx.Orders {
		c.Gossip.Obeyed(now, o)
	}
	put := c.Gossip.Take()
	fx.Wakes = append(fx.Wakes, put.Wakes...)
	return fx
}

// Obey carries out an order on the sessions that this node holds, and returns them. What
// is done already is done again to nobody.
func (c *Core) Obey(now time.Time, o gossip.Order) (sessions []uint64) {
	t := c.Now(now)
	switch {
	case o.Status != 0:
		if c.View.ChooseFor(t, o.User, o.Status, o.Text) {
			sessions = c.View.OwnSessions(o.User)
		}
	case o.Session != 0:
		if c.View.Close(t, o.Session, channels.ReasonKicked) {
			sessions = []uint64{o.Session}
		}
	default:
		for _, s := range c.View.OwnSessions(o.User) {
			if c.View.Close(t, s, channels.ReasonKicked) {
				sessions = append(sessions, s)
			}
		}
	}
	return sessions
}

// resumed puts sessions in grace whose users opened others in their stead, and
// returns those that there were.
func (c *Core) resumed(now time.Time, all []gossip.Resumed) (done []gossip.Resumed) {
	for _, r := range all {
		if c.View.Owner(r.Session) == r.User && r.User != "" {
			c.View.Break(c.Now(now), r.Session) // unless its socket was closed before
			done = append(done, r)
		}
	}
	return done
}
