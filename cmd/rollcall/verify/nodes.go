package verify

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
)

// Node is a node that can be asked.
type Node struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"`

	client *admin.Client
}

// Unasked is a node that cannot, or an address at which none answers.
type Unasked struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"` // or the address
	Error string `json:"error"`
}

// party is who there is.
type party struct {
	nodes   []Node
	unasked []Unasked
	known   map[string]bool // by id: all that some node lists
	grace   int64           // the longest, milliseconds
	names   map[string]string
}

// gather asks the given clients who there is, and finds the others by the addresses that they tell.
func gather(ctx context.Context, given []*admin.Client) party {
	p := party{known: map[string]bool{}, names: map[string]string{}}
	met := map[string]bool{}
	others := map[string]address{}
	var order []string
	for _, c := range given {
		all, err := c.Nodes(ctx, false)
		if err != nil {
			p.unasked = append(p.unasked, Unasked{Name: c.URL, Error: err.Error()})
			continue
		}
		p.meet(met, all, c)
		for _, n := range all.Nodes[1:] {
			if _, twice := others[n.ID]; !twice {
				order = append(order, n.ID)
				others[n.ID] = address{c, n.Addresses.Admin}
			}
		}
	}
	for _, id := range order {
		if met[id] {
			continue
		}
		if err := p.seek(ctx, met, id, others[id]); err != nil {
			p.unasked = append(p.unasked, Unasked{ID: id, Name: p.names[id], Error: err.Error()})
		}
	}
	return p
}

// meet takes note of a node that answers, and of those that it lists.
func (p *party) meet(met map[string]bool, all admin.Cluster, c *admin.Client) {
	for _, n := range all.Nodes {
		p.known[n.ID], p.names[n.ID] = true, n.Name
	}
	p.grace = max(p.grace, all.Grace)
	if self := all.Nodes[0]; !met[self.ID] {
		met[self.ID] = true
		p.nodes = append(p.nodes, Node{self.ID, self.Name, c.URL, c})
	}
}

// address is where a node is, as one that was asked at from tells it.
type address struct {
	from  *admin.Client
	admin string
}

// seek asks a node at the address that another tells.
func (p *party) seek(ctx context.Context, met map[string]bool, id string, at address) error {
	c, err := at.client()
	if err != nil {
		return err
	}
	all, err := c.Nodes(ctx, false)
	if err != nil {
		return err
	}
	if all.Nodes[0].ID != id {
		return fmt.Errorf("another node answers at %s", c.URL)
	}
	p.meet(met, all, c)
	return nil
}

// client returns one for the node. The loopback of another machine is not ours: whoever listens
// there is a stranger, who shall not get the key.
func (a address) client() (*admin.Client, error) {
	from, err := url.Parse(a.from.URL)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(a.admin)
	if err != nil {
		return nil, fmt.Errorf("it tells no admin address: name one with --admin")
	}
	if isLoopback(host) && !isLoopback(from.Hostname()) {
		return nil, fmt.Errorf("it listens at %s of its own machine only: name another address with --admin", a.admin)
	}
	return &admin.Client{URL: from.Scheme + "://" + a.admin, Key: a.from.Key, HTTP: a.from.HTTP}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
