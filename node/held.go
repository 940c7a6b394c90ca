package node

import (
	"time"

	"github.com/rollcall-presence/rollcall/gossip"
)

// Held is what only the node that holds a session knows of it. Dates are Unix milliseconds
// by the clock of the node that tells; 0: there is none.
type Held struct {
	Socket     bool  `json:"socket"`               // it has one; else it is in grace
	LastFrame  int64 `json:"lastFrame,omitempty"`  // when something came over the socket last
	GraceUntil int64 `json:"graceUntil,omitempty"` // when it ends unless its client is back
	TokenUntil int64 `json:"tokenUntil,omitempty"` // when its token is over, leeway included
}

// HeldSession is a session with what its holder knows of it.
type HeldSession struct {
	Session
	User    string `json:"user,omitempty"`    // empty: anonymous
	Hidden  bool   `json:"hidden,omitempty"`  // she chose to be offline: no roster shows her
	Held    *Held  `json:"held,omitempty"`    // nil: not known
	Unknown string `json:"unknown,omitempty"` // why
	Ends    []End  `json:"ends,omitempty"`    // what would end it, the soonest first; as far as was asked
}

// account is what this node tells another one of a user's sessions or, without a user, of
// itself: see [gossip.Account]. Node.mu is held.
func (n *Node) account(now time.Time, user string) (a gossip.Account) {
	if user == "" {
		load := n.core.View.Load(n.id)
		a.Sessions, a.Anonymous, a.Beliefs = load.Sessions, load.Anonymous, n.core.Gossip.Beliefs()
		return a
	}
	for _, id := range n.core.View.OwnSessions(user) {
		a.Held = append(a.Held, n.held(now, id))
	}
	return a
}

// held is what this node knows of one of its own sessions. Node.mu is held.
func (n *Node) held(now time.Time, id uint64) gossip.Held {
	h := gossip.Held{Session: id}
	h.Grace, h.InGrace = n.core.View.GraceLeft(n.core.Now(now), id)
	if c := n.sessions[id]; c != nil {
		h.Socket = true
		h.Silent = min(max(0, n.clock()-c.sock.LastHeard()), now.Sub(c.opened)) // the clock stands still between ticks
		if c.user != "" {
			h.Token = max(time.Millisecond, time.UnixMilli(c.good).Sub(now))
		}
	}
	return h
}

// heldAt makes dates of the times.
func heldAt(now time.Time, h gossip.Held) *Held {
	d := &Held{Socket: h.Socket}
	if h.Socket {
		d.LastFrame = now.Add(-h.Silent).UnixMilli()
	}
	if h.InGrace {
		d.GraceUntil = now.Add(h.Grace).UnixMilli()
	}
	if h.Token > 0 {
		d.TokenUntil = now.Add(h.Token).UnixMilli()
	}
	return d
}
