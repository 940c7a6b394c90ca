package stream

import (
	"encoding/json"
	"fmt"
)

// types are the events that are asked for.
const types = "session.connected,session.disconnected,session.away,session.online,node.joined,node.lost"

// decoder turns the messages of one stream into what is to be kept. A sync comes in
// parts, and is one item.
type decoder struct {
	sync  *Sync           // as far as it has come
	nodes map[string]bool // that are there, as far as it was told
}

// told is an event, a part of a sync or the last word of a stream, as node/EVENTS.md
// tells them.
type told struct {
	ID           string `json:"id"`
	Type         string `json:"type"`
	Time         int64  `json:"time"`
	Node         string `json:"node"` // its label
	NodeID       string `json:"nodeId"`
	User         string `json:"user"`
	Session      string `json:"session"`
	Reason       string `json:"reason"`
	Address      string `json:"address"`
	Agent        string `json:"agent"`
	ConnectedAt  int64  `json:"connectedAt"`
	LastActivity int64  `json:"lastActivity"`

	Nodes    []named         `json:"nodes"`
	Sessions json.RawMessage `json:"sessions"` // of a sync sessions, of node.lost names
	More     bool            `json:"more"`
}

// named is a node of a sync.
type named struct {
	ID string `json:"id"`
}

// session is one of a sync.
type session struct {
	ID           string `json:"id"`
	Node         string `json:"node"`
	NodeID       string `json:"nodeId"`
	User         string `json:"user"`
	Address      string `json:"address"`
	Agent        string `json:"agent"`
	ConnectedAt  int64  `json:"connectedAt"`
	LastActivity int64  `json:"lastActivity"`
}

// decode returns what a message gives to keep, nil if nothing. Messages that a later
// node may send are passed over.
func (d *decoder) decode(m message) (*Item, error) {
	var t told
	switch m.event {
	case "sync", "session.connected", "session.disconnected", "session.away", "session.online", "node.joined", "node.lost":
	default:
		return nil, nil
	}
	if err := json.Unmarshal([]byte(m.data), &t); err != nil {
		return nil, fmt.Errorf("%s: %w", m.event, err)
	}
	switch m.event {
	case "sync":
		return d.part(&t)
	case "node.joined":
		d.nodes[t.NodeID] = true
		return nil, nil
	case "node.lost": // of its sessions other events tell
		delete(d.nodes, t.NodeID)
		return nil, nil
	}
	c := Change{Event: t.ID, Connection: Connection{Session: t.Session, User: t.User, Node: t.NodeID, NodeName: t.Node}}
	switch m.event {
	case "session.connected":
		c.Kind = Login
		c.Address, c.Agent, c.LastActivity, c.Login = t.Address, t.Agent, t.LastActivity, t.ConnectedAt
		if c.Login == 0 {
			c.Login = t.Time
		}
	case "session.disconnected":
		c.Kind, c.Logout, c.Reason = Logout, t.Time, t.Reason
	case "session.online":
		c.Kind, c.LastActivity = Active, t.Time // she has just done something
	default:
		c.Kind, c.LastActivity = Active, t.LastActivity
	}
	return &Item{Change: c}, nil
}

// part takes a part of a sync; the last gives the whole.
func (d *decoder) part(t *told) (*Item, error) {
	var sessions []session
	if err := json.Unmarshal(t.Sessions, &sessions); err != nil {
		return nil, fmt.Errorf("sync: %w", err)
	}
	if d.sync == nil {
		d.sync = &Sync{Event: t.ID, Time: t.Time}
		for _, node := range t.Nodes {
			d.sync.Nodes = append(d.sync.Nodes, node.ID)
		}
	}
	for _, s := range sessions {
		c := Connection{Session: s.ID, User: s.User, Node: s.NodeID, NodeName: s.Node, Address: s.Address, Agent: s.Agent,
			Login: s.ConnectedAt, LastActivity: s.LastActivity}
		if c.Login == 0 {
			c.Login = t.Time
		}
		d.sync.Sessions = append(d.sync.Sessions, c)
	}
	if t.More {
		return nil, nil
	}
	whole := d.sync
	d.sync, d.nodes = nil, map[string]bool{}
	for _, node := range whole.Nodes {
		d.nodes[node] = true
	}
	return &Item{Sync: whole}, nil
}
