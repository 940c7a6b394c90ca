package verify

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
)

// Kind is what is wrong.
type Kind string

const (
	Ghost   Kind = "ghost"   // shown, and held by nobody
	Missing Kind = "missing" // held by a socket, and not shown
)

// Difference is one thing that a node shows and should not, or the reverse: a session, or a
// user in a channel.
type Difference struct {
	Kind    Kind   `json:"kind"`
	NodeID  string `json:"nodeId"` // that shows it, or does not
	Session string `json:"session,omitempty"`
	User    string `json:"user,omitempty"`
	Channel string `json:"channel,omitempty"` // empty: it is about the session

	since int64 // of a ghost in a channel: one who comes and goes is another each time
}

// Compared is what one node shows, held against a truth.
type Compared struct {
	truth    *Truth
	node     string
	known    map[string]bool // nodes that some node lists
	sessions map[string]bool // that were seen
	places   map[place]bool
	unsure   map[string]bool // users with a session on a node that is there and was not asked
	suspects []suspect       // until it is known who is unsure
	found    map[Difference]bool
}

// suspect is a member who is held nowhere, as far as was asked.
type suspect struct {
	place
	since int64
}

// Compare begins to compare what a node shows, of which [Compared.Take] is told. Known are all
// nodes that some node lists.
func Compare(truth *Truth, node string, known map[string]bool) *Compared {
	return &Compared{truth: truth, node: node, known: known, sessions: make(map[string]bool, len(truth.sessions)),
		places: make(map[place]bool, len(truth.places)), unsure: map[string]bool{}, found: map[Difference]bool{}}
}

// Take takes a part of what the node shows.
func (c *Compared) Take(part admin.Shown) {
	for _, s := range part.Sessions {
		switch _, held := c.truth.sessions[s.ID]; {
		case held:
			c.sessions[s.ID] = true
		case c.known[s.NodeID] && !c.truth.asked[s.NodeID]:
			c.unsure[s.User] = true
		default:
			c.found[Difference{Kind: Ghost, NodeID: c.node, Session: s.ID, User: s.User}] = true
		}
	}
	for _, m := range part.Members {
		p := place{m.Channel, m.Member.User}
		if _, held := c.truth.places[p]; held {
			c.places[p] = true
		} else {
			c.suspects = append(c.suspects, suspect{p, m.Member.Since})
		}
	}
}

// End adds what was not shown, once all parts were taken.
func (c *Compared) End() {
	for _, s := range c.suspects {
		if !c.unsure[s.user] {
			c.found[Difference{Kind: Ghost, NodeID: c.node, User: s.user, Channel: s.channel, since: s.since}] = true
		}
	}
	for id, s := range c.truth.sessions {
		if s.socket && !c.sessions[id] {
			c.found[Difference{Kind: Missing, NodeID: c.node, Session: id, User: s.user}] = true
		}
	}
	for p, live := range c.truth.places {
		if live && !c.places[p] {
			c.found[Difference{Kind: Missing, NodeID: c.node, User: p.user, Channel: p.channel}] = true
		}
	}
	c.suspects, c.sessions, c.places = nil, nil, nil
}

// Confirm returns what differs from the truth of afterwards, too.
func (c *Compared) Confirm(after *Truth) map[Difference]bool {
	maps.DeleteFunc(c.found, func(d Difference, _ bool) bool {
		live, held := after.places[place{d.Channel, d.User}]
		if d.Channel == "" {
			var s session
			s, held = after.sessions[d.Session]
			live = s.socket
		}
		if d.Kind == Ghost { // unless somebody who may hold it did not answer again
			return held || len(after.asked) < len(c.truth.asked)
		}
		return !live
	})
	return c.found
}

// Lasting returns the differences that are among those of before. Nil: there were no rounds before.
func Lasting(before, now map[Difference]bool) map[Difference]bool {
	if before != nil {
		maps.DeleteFunc(now, func(d Difference, _ bool) bool { return !before[d] })
	}
	return now
}

// Sorted returns differences in order: ghosts first, by node, user and channel.
func Sorted(all map[Difference]bool) []Difference {
	return slices.SortedFunc(maps.Keys(all), func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.NodeID, b.NodeID), strings.Compare(a.User, b.User),
			strings.Compare(a.Channel, b.Channel), strings.Compare(a.Session, b.Session))
	})
}
