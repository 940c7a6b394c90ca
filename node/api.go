package node

import (
	"encoding/json"
	"net/http"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/gossip"
)

// What the routes of the HTTP API that only read answer. Each is a few short steps of the
// node: see [Node.Roster] and its like.

func (n *Node) getNodes(_ http.ResponseWriter, r *http.Request) (any, error) {
	ask, err := choiceOf(r, "ask", "false", "true")
	if err != nil {
		return nil, err
	}
	var said map[string]gossip.Outcome
	if ask == "true" {
		said = n.askNodes(r.Context())
	}
	all := n.Nodes()
	nodes := make([]nodeAnswer, len(all))
	for i, info := range all {
		nodes[i] = n.answerOf(info, said)
	}
	return struct {
		Nodes []nodeAnswer `json:"nodes"`
		pacing
	}{nodes, pacing{n.cfg.Interval.Milliseconds(), n.cfg.Timeout.Milliseconds(), n.cfg.Grace.Milliseconds()}}, nil
}

// pacing is how long this node waits, in milliseconds: see [Config].
type pacing struct {
	Interval int64 `json:"interval"`
	Timeout  int64 `json:"timeout"`
	Grace    int64 `json:"grace"`
}

func (n *Node) getChannels(_ http.ResponseWriter, r *http.Request) (any, error) {
	p, err := pagingOf(r)
	if err != nil {
		return nil, err
	}
	sort, err := choiceOf(r, "sort", "name", "users")
	switch {
	case err != nil:
		return nil, err
	case sort == "users" && p.after != "":
		return nil, badRequest("after goes with sort=name only")
	case sort == "users":
		return channelPage{Channels: list(n.LargestChannels(p.prefix, p.limit))}, nil
	}
	page, more := n.Channels(p.prefix, p.after, p.limit)
	next := ""
	if more {
		next = page[len(page)-1].Channel
	}
	return channelPage{list(page), next}, nil
}

type channelPage struct {
	Channels []Channel `json:"channels"`
	Next     string    `json:"next,omitempty"`
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
