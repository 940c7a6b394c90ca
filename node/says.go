package node

import (
	"context"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// Says is what a node tells of itself, when it is asked.
type Says struct {
	Sessions  int      `json:"sessions"` // that it holds, anonymous ones and those in grace included
	Anonymous int      `json:"anonymous"`
	Sees      []Belief `json:"sees"` // of the others, all that it has not given up; in order of id
}

// Belief is what a node thinks of another.
type Belief struct {
	ID    string `json:"id"`
	Name  string `json:"name"`  // as the node that was asked by the operator knows it
	State string `json:"state"` // here or late
}

// nodeAnswer is a node as this one sees it and, if it was asked, as it says itself.
type nodeAnswer struct {
	NodeInfo
	Says    *Says  `json:"says,omitempty"`
	Unknown string `json:"unknown,omitempty"` // why it says nothing, although it was asked
}

// askNodes asks all nodes how they are, this one included, for at most the timeout.
func (n *Node) askNodes(ctx context.Context) map[string]gossip.Outcome {
	all := []channels.NodeID{n.id}
	n.mu.Lock()
	for p := range n.core.Gossip.Peers() {
		if p.State == gossip.Here || p.State == gossip.Late {
			all = append(all, p.ID)
		}
	}
	n.mu.Unlock()
	said := map[string]gossip.Outcome{}
	for i, outcome := range n.order(ctx, all, gossip.Order{Query: true}) {
		said[all[i].String()] = outcome
	}
	return said
}

// answerOf adds to what is known of a node what it said. Nil: nobody was asked.
func (n *Node) answerOf(info NodeInfo, said map[string]gossip.Outcome) nodeAnswer {
	a := nodeAnswer{NodeInfo: info}
	outcome, asked := said[info.ID]
	switch {
	case said == nil:
	case !asked:
		a.Unknown = "it came while the others were asked"
	case outcome.Err != nil:
		a.Unknown = outcome.Err.Error()
	case outcome.Account == nil:
		a.Unknown = "it did not tell"
	default:
		a.Says = &Says{Sessions: outcome.Account.Sessions, Anonymous: outcome.Account.Anonymous, Sees: n.beliefs(outcome.Account.Beliefs)}
	}
	return a
}

// beliefs says in words what a node thinks of the others.
func (n *Node) beliefs(all []gossip.Belief) []Belief {
	n.mu.Lock()
	defer n.mu.Unlock()
	said := make([]Belief, len(all))
	for i, b := range all {
		said[i] = Belief{b.Node.String(), n.label(b.Node), gossip.Here.String()}
		if b.Late {
			said[i].State = gossip.Late.String()
		}
	}
	return said
}
