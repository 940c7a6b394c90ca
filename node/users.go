package node

import (
	"encoding/json"
	"slices"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// User is a user as others may see her: the U of the wire protocol. All dates of
// users, members and sessions are Unix milliseconds; 0: unknown, or there is none.
type User struct {
	User         string `json:"user"`
	Status       string `json:"status"`                 // online, away, busy or offline; offline also if unknown
	Since        int64  `json:"since,omitempty"`        // when she came, unless she is offline
	LastActivity int64  `json:"lastActivity,omitempty"` // if she is away
	LastSeen     int64  `json:"lastSeen,omitempty"`     // if she is offline, for a day
	Text         string `json:"text,omitempty"`         // beside the chosen status
}

// UserDetails is all that the cluster knows of a user.
type UserDetails struct {
	User
	Chosen     string    `json:"chosen"`     // status that she chose; online if she chose none
	Connection string    `json:"connection"` // of all her sessions: online, away or offline
	Channels   []string  `json:"channels"`   // in which she is a member, hidden or not; in order of name
	Sessions   []Session `json:"sessions"`   // by node and age
}

// Session is one connection of a user.
type Session struct {
	ID           string          `json:"id"`   // as its client was told by welcome
	Node         string          `json:"node"` // label of the node that holds it
	NodeID       string          `json:"nodeId"`
	State        string          `json:"state"`                  // online, away or broken, which is in grace
	Address      string          `json:"address"`                // from where it came, which may be a proxy; empty: unknown
	Agent        string          `json:"agent"`                  // its User-Agent, the first 256 bytes
	ConnectedAt  int64           `json:"connectedAt,omitempty"`  // when it began
	LastActivity int64           `json:"lastActivity,omitempty"` // as far as its client told
	Meta         json.RawMessage `json:"meta,omitempty"`         // what its client told of it: an object
	Channels     []string        `json:"channels"`               // in which it is a member; in order of name
}

// User returns what is known of a user; one who is nowhere is offline. It may be called
// concurrently, and takes one step, which is as long as she has sessions and memberships.
func (n *Node) User(name string) UserDetails {
	n.mu.Lock()
	d, _ := n.core.View.Details(name)
	labels := n.labels(d.Sessions)
	n.mu.Unlock()

	u := UserDetails{User: userOf(d.UserInfo), Chosen: d.Chosen.String(), Connection: protocol.Offline,
		Channels: list(d.Channels), Sessions: make([]Session, 0, len(d.Sessions))}
	if d.Connection != 0 {
		u.Connection = d.Connection.String()
	}
	for _, s := range d.Sessions {
		u.Sessions = append(u.Sessions, sessionOf(s, labels[s.Origin]))
	}
	return u
}

func sessionOf(s channels.SessionInfo, label string) Session {
	c := events.ConnectionOf(s.Details, s.Active)
	return Session{ID: channels.SessionName(s.Origin, s.ID), Node: label, NodeID: s.Origin.String(), State: s.State.String(),
		Address: c.Address, Agent: c.Agent, ConnectedAt: c.ConnectedAt, LastActivity: c.LastActivity, Meta: c.Meta, Channels: list(s.Channels)}
}

// Users returns what others may see of users, in the order of the names; who is nowhere is
// offline. It may be called concurrently, and takes a step for every 1,000 names.
func (n *Node) Users(names ...string) []User {
	users := make([]User, 0, len(names))
	for some := range slices.Chunk(names, maxLookups) {
		n.mu.Lock()
		for _, name := range some {
			users = append(users, userOf(n.core.View.User(name)))
		}
		n.mu.Unlock()
	}
	return users
}

func userOf(u channels.UserInfo) User {
	return User{User: u.User, Status: u.Status.String(), Since: u.Since, LastActivity: u.LastActivity, LastSeen: u.LastSeen, Text: u.Text}
}

// labels returns the labels of the nodes that hold sessions. Node.mu is held.
func (n *Node) labels(sessions []channels.SessionInfo) map[channels.NodeID]string {
	labels := map[channels.NodeID]string{}
	for _, s := range sessions {
		if _, known := labels[s.Origin]; !known {
			labels[s.Origin] = n.label(s.Origin)
		}
	}
	return labels
}

// label returns what people call a node: its name, or its id if that is not known. Node.mu is held.
func (n *Node) label(id channels.NodeID) string {
	if id == n.id {
		return n.cfg.Name
	}
	if p, ok := n.core.Gossip.Peer(id); ok && p.Name != "" {
		return p.Name
	}
	return id.String()
}

// list is a list in JSON, even if it is empty.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
