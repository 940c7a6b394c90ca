package dev

import "cmp"

// Sight is the cluster as it is now, for the page.
type Sight struct {
	Interval int64       `json:"interval"` // milliseconds, as are the next two
	Timeout  int64       `json:"timeout"`
	Grace    int64       `json:"grace"`
	Nodes    []NodeSight `json:"nodes"`
}

// NodeSight is a node as it is now. What is not known of one that does not run is left out.
type NodeSight struct {
	Name     string   `json:"name"`
	URL      string   `json:"url"`
	State    State    `json:"state"`
	Since    int64    `json:"since"`    // when the state began, Unix milliseconds
	Sessions int      `json:"sessions"` // of users
	Sees     []Belief `json:"sees"`     // what it believes of the others
}

// Belief is what a node believes of another: that it is here, late or draining; or that it is
// gone, which it has been told of, or found out.
type Belief struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

const gone = "gone"

// Sight looks at the cluster.
func (d *Cluster) Sight() Sight {
	c := d.members[0].config
	s := Sight{Interval: c.Interval.Milliseconds(), Timeout: c.Timeout.Milliseconds(), Grace: (c.Timeout - c.Interval).Milliseconds()}
	glances := make([]glance, len(d.members))
	for i, m := range d.members {
		glances[i] = m.look()
	}
	for i, m := range d.members {
		g := glances[i]
		n := NodeSight{Name: m.config.Name, URL: m.url(), State: g.state, Since: g.since.UnixMilli(), Sees: []Belief{}}
		if g.node != nil {
			n.Sessions, n.Sees = d.ask(i, glances)
		}
		s.Nodes = append(s.Nodes, n)
	}
	return s
}

// ask asks one node for its sessions, and what it believes of the others. A node that was
// started again is another one: of the former, nobody asks any more.
func (d *Cluster) ask(i int, glances []glance) (sessions int, sees []Belief) {
	states := map[string]string{}
	for _, info := range glances[i].node.Nodes() {
		states[info.ID] = info.State
		if info.ID == glances[i].id {
			sessions = info.Sessions - info.Anonymous
		}
	}
	for j, m := range d.members {
		if j != i {
			sees = append(sees, Belief{m.config.Name, cmp.Or(states[glances[j].id], gone)})
		}
	}
	return sessions, sees
}
