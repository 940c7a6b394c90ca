package node

import (
	"net/http"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// getSessions answers what this node itself holds, from its sockets: what every other
// node shows of it can be held against that.
func (n *Node) getSessions(_ http.ResponseWriter, r *http.Request) (any, error) {
	p, err := pagingOf(r)
	if err != nil {
		return nil, err
	}
	after := uint64(0)
	if p.after != "" {
		holder, id, err := channels.ParseSessionName(p.after)
		if err != nil || holder != n.id {
			return nil, badRequest("after is %q, want a session of this node", p.after)
		}
		after = id
	}
	ids := n.heldIDs(after)
	next := ""
	if len(ids) > p.limit {
		ids = ids[:p.limit]
		next = channels.SessionName(n.id, ids[p.limit-1])
	}
	return struct {
		Node     string        `json:"node"`
		NodeID   string        `json:"nodeId"`
		Sessions []HeldSession `json:"sessions"`
		Next     string        `json:"next,omitempty"`
	}{n.cfg.Name, n.id.String(), n.heldSessions(ids), next}, nil
}

// heldIDs returns the ids of the sessions higher than after of which this node has a socket, or
// which its view has, in order. It is one look at each of them, which every tick takes, too.
func (n *Node) heldIDs(after uint64) []uint64 {
	n.mu.Lock()
	ids := n.core.View.OwnIDs(after)
	for id := range n.sessions {
		if id > after {
			ids = append(ids, id)
		}
	}
	n.mu.Unlock()
	slices.Sort(ids)
	return slices.Compact(ids)
}

// heldSessions returns those of the sessions that are still held.
func (n *Node) heldSessions(ids []uint64) []HeldSession {
	all := make([]HeldSession, 0, len(ids))
	for some := range slices.Chunk(ids, maxLookups) {
		n.mu.Lock()
		now := time.Now()
		for _, id := range some {
			if h, is := n.heldSession(now, id); is {
				all = append(all, h)
			}
		}
		n.mu.Unlock()
	}
	return all
}

// heldSession tells of a session by its socket, if it has one, and not by what the view made of that.
// Node.mu is held.
func (n *Node) heldSession(now time.Time, id uint64) (HeldSession, bool) {
	info, known := n.core.View.OwnSession(id)
	c := n.sessions[id]
	if !known && c == nil {
		return HeldSession{}, false
	}
	if c != nil {
		if info.User = c.user; !known {
			info.Origin, info.ID, info.State, info.Details = n.id, id, channels.Online, c.from
		}
		info.Channels = c.joined()
	}
	return HeldSession{Session: sessionOf(info, n.cfg.Name), User: info.User, Held: heldAt(now, n.held(now, id)),
		Hidden: info.User != "" && n.core.View.Chosen(info.User) == channels.StatusOffline}, true
}

// joined returns the channels of which the socket is a member, in order. Node.mu is held.
func (c *conn) joined() (names []string) {
	for _, w := range c.follows {
		if w.member {
			names = append(names, w.fan.channel)
		}
	}
	slices.Sort(names)
	return names
}
