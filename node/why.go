package node

import (
	"context"
	"net/http"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// why is all that the cluster knows of a user, with what each of her sessions rests on.
type why struct {
	UserDetails
	Sessions []HeldSession `json:"sessions"` // hides those of UserDetails

	// Leaves is what would end the last of her sessions if nothing came from her any more, and
	// nobody did anything. Nil: she has none, or nobody told of one.
	Leaves *End `json:"leaves,omitempty"`
}

// getWhy answers why a user is there, after asking the nodes that hold a session of hers. What one
// of them does not answer within the timeout is not known, and no error: the rest may
// be all that somebody wants to know.
func (n *Node) getWhy(_ http.ResponseWriter, r *http.Request) (any, error) {
	name, err := userIn(r)
	if err != nil {
		return nil, err
	}
	return n.explain(r.Context(), name), nil
}

func (n *Node) explain(ctx context.Context, user string) why {
	holders := n.holders(user)
	told := map[string]gossip.Outcome{}
	for i, outcome := range n.order(ctx, holders, gossip.Order{User: user, Query: true}) {
		told[holders[i].String()] = outcome
	}
	now := time.Now()
	w := why{UserDetails: n.User(user), Sessions: []HeldSession{}}
	doubted := n.doubted(now)
	for _, s := range w.UserDetails.Sessions {
		h := HeldSession{Session: s, User: user, Hidden: w.Chosen == channels.StatusOffline.String()}
		h.Held, h.Unknown = heldOf(told, s, now)
		h.Ends = endsOf(h, n.cfg.Timeout, doubted[s.NodeID])
		w.Sessions = append(w.Sessions, h)
	}
	w.Leaves = lastEnd(w.Sessions)
	return w
}

// doubted returns when nodes will be given up that are late, by id.
func (n *Node) doubted(now time.Time) map[string]int64 {
	late := map[string]int64{}
	for _, i := range n.Nodes() {
		if i.State == gossip.Late.String() {
			late[i.ID] = max(now.UnixMilli(), i.LastHeard+n.cfg.Timeout.Milliseconds())
		}
	}
	return late
}

// heldOf finds what was told of a session, or why nothing was.
func heldOf(told map[string]gossip.Outcome, s Session, now time.Time) (held *Held, unknown string) {
	outcome, asked := told[s.NodeID]
	switch {
	case !asked:
		return nil, "it began while the others were asked"
	case outcome.Err != nil:
		return nil, outcome.Err.Error()
	case outcome.Account != nil:
		for _, h := range outcome.Account.Held {
			if _, id, err := channels.ParseSessionName(s.ID); err == nil && id == h.Session {
				return heldAt(now, h), ""
			}
		}
	}
	return nil, "its node did not tell of it"
}
