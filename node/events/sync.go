package events

import (
	"bytes"
	"encoding/json"
	"iter"

	"github.com/rollcall-presence/rollcall/channels"
)

// Part is one event of type sync: all that a node shows at one moment takes as many of
// them as it needs, of partSize entries each. What comes after the last goes on from there.
type Part struct {
	ID     string     `json:"id"`
	Type   string     `json:"type"` // sync
	Time   int64      `json:"time"` // Unix milliseconds
	Node   string     `json:"node"` // label of the one that tells
	NodeID string     `json:"nodeId"`
	Nodes  []SyncNode `json:"nodes"` // whose sessions these are; in each part

	Sessions []SyncSession `json:"sessions"`
	Users    []SyncUser    `json:"users,omitempty"`   // if events of users were asked for
	Members  []SyncMember  `json:"members,omitempty"` // if events of channels were asked for

	More bool `json:"more"` // another part follows
}

// SyncNode is a node.
type SyncNode struct {
	ID   string `json:"id"`
	Name string `json:"name"` // its label
}

// SyncSession is a session.
type SyncSession struct {
	ID     string `json:"id"`
	Node   string `json:"node"` // label
	NodeID string `json:"nodeId"`
	User   string `json:"user,omitempty"` // empty: of nobody
	Status string `json:"status"`         // online or away
	*Connection
}

// SyncUser is a user, as the newest of her events would tell.
type SyncUser struct {
	User   string `json:"user"`
	Status string `json:"status"`
	Chosen string `json:"chosen"`
	Text   string `json:"text,omitempty"`
}

// SyncMember is a member of a channel.
type SyncMember struct {
	Channel string `json:"channel"`
	Member  Member `json:"member"`
}

// partSize bounds the entries of one part.
const partSize = 500

// Sync returns the parts of a snapshot that a node took, each made when it is asked for.
// The labels are of all nodes in it.
func Sync(s *channels.Snapshot, node channels.NodeID, labels map[channels.NodeID]string, serial uint64, at int64) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		s.Sort()
		nodes := make([]SyncNode, len(s.Nodes))
		for i, id := range s.Nodes {
			nodes[i] = SyncNode{id.String(), labels[id]}
		}
		sessions, users, members := s.Sessions, s.Users, s.Members
		for n := uint64(0); ; n++ {
			p := Part{Type: "sync", Time: at, Node: labels[node], NodeID: node.String(), Nodes: nodes, Sessions: []SyncSession{}}
			p.ID = id(&Event{Type: "sync"}, channels.Cause{Origin: node, N: serial, Beat: n})
			left := partSize
			for _, e := range cut(&sessions, &left) {
				p.Sessions = append(p.Sessions, SyncSession{channels.SessionName(e.Origin, e.Record.ID), labels[e.Origin], e.Origin.String(),
					e.Record.User, stateWord(e.State), ConnectionOf(e.Record.Details, e.Record.Active)})
			}
			for _, u := range cut(&users, &left) {
				p.Users = append(p.Users, SyncUser{u.User, u.Status.String(), u.Chosen.String(), u.Text})
			}
			for _, m := range cut(&members, &left) {
				p.Members = append(p.Members, SyncMember{m.Channel, MemberOf(m.Member)})
			}
			p.More = len(sessions)+len(users)+len(members) > 0
			if !yield(p) || !p.More {
				return
			}
		}
	}
}

// cut takes as much off a list as is left to take.
func cut[T any](list *[]T, left *int) []T {
	n := min(*left, len(*list))
	part := (*list)[:n]
	*list, *left = (*list)[n:], *left-n
	return part
}

// Text returns an event, or a part of a sync, as JSON in one line.
func Text(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // what clients sent as data was checked to be JSON: cannot fail
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
