package node

import (
	"encoding/json"
	"net/http"

	"github.com/rollcall-presence/rollcall/auth"
)

// What the routes of the HTTP API that only read answer. Each is a few short steps of the
// node: see [Node.Roster] and its like.

func (n *Node) getNodes(http.ResponseWriter, *http.Request) (any, error) {
	return struct {
		Nodes []NodeInfo `json:"nodes"`
	}{n.Nodes()}, nil
}

func (n *Node) getChannels(_ http.ResponseWriter, r *http.Request) (any, error) {
	p, err := pagingOf(r)
	if err != nil {
		return nil, err
	}
	page, more := n.Channels(p.prefix, p.after, p.limit)
	next := ""
	if more {
		next = page[len(page)-1].Channel
	}
	return struct {
		Channels []Channel `json:"channels"`
		Next     string    `json:"next,omitempty"`
	}{list(page), next}, nil
}

func (n *Node) getChannel(_ http.ResponseWriter, r *http.Request) (any, error) {
	channel, err := channelOf(r)
	if err != nil {
		return nil, err
	}
	p, err := pagingOf(r)
	if err != nil {
		return nil, err
	}
	names := n.find(channel, p.after, p.limit+1)
	next := ""
	if len(names) > p.limit {
		names = names[:p.limit]
		next = names[p.limit-1]
	}
	users, _ := n.count(channel)
	return struct {
		Channel string   `json:"channel"`
		Users   int      `json:"users"`
		Members []Member `json:"members"`
		Next    string   `json:"next,omitempty"`
	}{channel, users, n.lookUp(channel, names), next}, nil
}

func (n *Node) getCount(_ http.ResponseWriter, r *http.Request) (any, error) {
	channel, err := channelOf(r)
	if err != nil {
		return nil, err
	}
	users, sessions := n.count(channel)
	return struct {
		Users    int `json:"users"`
		Sessions int `json:"sessions"`
	}{users, sessions}, nil
}

func (n *Node) getUser(_ http.ResponseWriter, r *http.Request) (any, error) {
	name, err := userIn(r)
	if err != nil {
		return nil, err
	}
	return n.User(name), nil
}

// maxQuery bounds the users of one query.
const maxQuery = 1000

func (n *Node) queryUsers(w http.ResponseWriter, r *http.Request) (any, error) {
	fields, err := bodyOf(w, r, false)
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal(fields["users"], &names); err != nil || names == nil {
		return nil, badRequest("users: want a list of names")
	}
	if len(names) > maxQuery {
		return nil, badRequest("users: %d names, want at most %d", len(names), maxQuery)
	}
	for i, name := range names {
		if err := auth.CheckName(name); err != nil {
			return nil, badRequest("users: number %d is a %v", i+1, err)
		}
	}
	return struct {
		Users []User `json:"users"`
	}{n.Users(names...)}, nil
}
