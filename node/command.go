package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// Errors of [Node.Disconnect] and [Node.SetStatus].
var (
	ErrNoSession = errors.New("no session")                    // of that user or id, as far as this node knows
	ErrNodeLost  = errors.New("node cannot be reached")        // that holds a session: what it did is not known
	ErrNoAnswer  = errors.New("node did not answer in time")   // within Config.Timeout: what it did is not known
	ErrBusy      = errors.New("too many commands at one time") // nothing was done
)

// Done is what came of a command on one node.
type Done struct {
	Node     string `json:"node"` // label
	NodeID   string `json:"nodeId"`
	Sessions int    `json:"sessions"`        // that it was carried out on
	Error    string `json:"error,omitempty"` // why that is not known

	err error
}

// Disconnect closes all connections of a user, wherever they are, with code 4403, and
// returns how many sessions that ended. Each node that holds one is told, and has answered
// when it returns, after [Config.Timeout] at most; once it has, this node does not show
// them any more. If some nodes do not answer, the errors of all these are joined, and what
// the others did is done. It may be called concurrently, and by nobody who holds up a callback.
func (n *Node) Disconnect(user string) (sessions int, err error) {
	return sum(n.disconnect(context.Background(), user, ""))
}

// SetStatus chooses a status for a user, online, away, busy or offline, as if she had done
// so now. [ErrNoSession]: she is not connected. See [Node.Disconnect].
func (n *Node) SetStatus(user, status string) error {
	chosen := statusOf[status]
	if chosen == 0 {
		return fmt.Errorf("node: status %q is none", status)
	}
	_, err := sum(n.choose(context.Background(), user, chosen, ""))
	return err
}

// sum returns what all nodes did, or what went wrong.
func sum(all []Done, err error) (sessions int, _ error) {
	for _, d := range all {
		sessions += d.Sessions
		if d.err != nil {
			err = errors.Join(err, fmt.Errorf("node %s: %w", d.Node, d.err))
		}
	}
	return sessions, err
}

// disconnect ends all sessions of a user; the text is what the clients are told.
func (n *Node) disconnect(ctx context.Context, user, text string) ([]Done, error) {
	all := n.command(ctx, n.holders(user), gossip.Order{User: user, Text: text})
	return all, hadSession(all)
}

// endSession ends one session.
func (n *Node) endSession(ctx context.Context, holder channels.NodeID, session uint64) ([]Done, error) {
	n.mu.Lock()
	is := n.core.View.HasSession(holder, session)
	n.mu.Unlock()
	if !is {
		return nil, ErrNoSession
	}
	all := n.command(ctx, []channels.NodeID{holder}, gossip.Order{Session: session})
	return all, hadSession(all)
}

// choose has one node that holds a session of a user choose for her: the others learn it
// from there. The next is asked if she has left one meanwhile, or it cannot be asked.
func (n *Node) choose(ctx context.Context, user string, status channels.Status, text string) (all []Done, err error) {
	for _, holder := range n.holders(user) {
		done := n.command(ctx, []channels.NodeID{holder}, gossip.Order{User: user, Status: status, Text: text})
		if done[0].Sessions > 0 {
			return done, nil
		}
		if all = append(all, done...); ctx.Err() != nil {
			break
		}
	}
	return all, hadSession(all)
}

// hadSession returns ErrNoSession if every node answered that it has none.
func hadSession(all []Done) error {
	if slices.ContainsFunc(all, func(d Done) bool { return d.Sessions > 0 || d.err != nil }) {
		return nil
	}
	return ErrNoSession
}

// holders returns the nodes that hold a session of a user: this one first, and last those
// that are late.
func (n *Node) holders(user string) []channels.NodeID {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.core.View.Holders(user)
	rank := func(id channels.NodeID) gossip.State {
		p, _ := n.core.Gossip.Peer(id) // the zero State for this node
		return p.State
	}
	slices.SortStableFunc(all, func(a, b channels.NodeID) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// command has nodes carry out an order, all at the same time, and returns what came of it
// on each.
func (n *Node) command(ctx context.Context, holders []channels.NodeID, o gossip.Order) []Done {
	all := make([]Done, len(holders))
	n.mu.Lock()
	for i, holder := range holders {
		all[i] = Done{Node: n.label(holder), NodeID: holder.String()}
	}
	n.mu.Unlock()
	for i, outcome := range n.order(ctx, holders, o) {
		all[i].Sessions, all[i].err = outcome.Sessions, outcome.Err
		if outcome.Err != nil {
			all[i].Error = outcome.Err.Error()
		}
	}
	return all
}

// order gives nodes an order or a query, all at the same time, and returns what came of it
// on each. The errors are those of this package.
func (n *Node) order(ctx context.Context, to []channels.NodeID, o gossip.Order) []gossip.Outcome {
	outcomes := make([]gossip.Outcome, len(to))
	waits := make([]chan gossip.Outcome, len(to))
	ids := make([]uint64, len(to))
	n.step(func(now time.Time) {
		for i, id := range to {
			if id == n.id {
				outcomes[i] = n.carryOut(now, o)
				continue
			}
			if ids[i], outcomes[i].Err = n.core.Gossip.Order(now, id, o); outcomes[i].Err == nil {
				waits[i] = make(chan gossip.Outcome, 1)
				n.orders[ids[i]] = waits[i]
			}
		}
	})
	for i, wait := range waits {
		if wait != nil {
			outcomes[i] = n.awaitOutcome(ctx, ids[i], wait)
		}
		outcomes[i].Err = commandError(outcomes[i].Err)
	}
	return outcomes
}

// carryOut does on this node itself what other nodes are ordered or asked. Node.mu is held.
func (n *Node) carryOut(now time.Time, o gossip.Order) gossip.Outcome {
	if o.Query {
		account := n.account(now, o.User)
		return gossip.Outcome{Account: &account}
	}
	return gossip.Outcome{Sessions: len(n.obey(now, o))}
}

// awaitOutcome waits for the end of an order, or of ctx, or of the node.
func (n *Node) awaitOutcome(ctx context.Context, id uint64, wait <-chan gossip.Outcome) gossip.Outcome {
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.orders, id)
	}()
	select {
	case outcome := <-wait:
		return outcome
	case <-ctx.Done():
		return gossip.Outcome{Err: gossip.ErrUnanswered}
	case <-n.stopping:
		return gossip.Outcome{Err: gossip.ErrUnanswered}
	}
}

// commandError says an error of gossip in words of this package.
func commandError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gossip.ErrTooMany):
		return ErrBusy
	case errors.Is(err, gossip.ErrUnanswered):
		return ErrNoAnswer
	default:
		return ErrNodeLost
	}
}

// obey carries out an order on this node's own sessions, which it returns, and closes
// their sockets if they have ended.
func (n *Node) obey(now time.Time, o gossip.Order) []uint64 {
	sessions := n.core.Obey(now, o)
	n.expel(sessions, o)
	return sessions
}

// expel closes the sockets of sessions that an order has ended.
func (n *Node) expel(sessions []uint64, o gossip.Order) {
	if o.Status != 0 {
		return
	}
	text := o.Text
	if text == "" {
		text = "disconnected by an operator"
	}
	for _, id := range sessions {
		if c := n.sessions[id]; c != nil {
			n.stats.Kicked++
			n.release(c)
			c.sock.Close(protocol.CloseForbidden, text)
		}
	}
}
