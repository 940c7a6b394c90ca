package node

import (
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// fullTime is how long a full node waits for a hello: a socket that resumes a
// session of this node takes its place.
const fullTime = time.Second

// former is the session that a hello resumes; zero: none.
type former struct {
	node    channels.NodeID
	session uint64
}

// formerOf returns the session that a hello of that user resumes, if it names one.
// Whether the session is hers is for the view to say.
func formerOf(name, user string) former {
	node, session, err := channels.ParseSessionName(name)
	if err != nil || user == "" {
		return former{}
	}
	return former{node, session}
}

// overLimit returns why there is no room for one session more of a user; empty: there
// is. A session that is resumed makes room, for it ends; one in grace takes none.
func (n *Node) overLimit(identity auth.Identity, f former) string {
	if n.full() && !n.resumesHere(identity.User, f) {
		return n.tooMany()
	}
	return n.overUserLimit(identity.User, f)
}

// overUserLimit is overLimit but for the limit of the node. Of the cluster it counts what
// this node knows: users who come to several nodes at once may get past it.
func (n *Node) overUserLimit(user string, f former) string {
	if user == "" || n.core.View.LiveSessions(user, f.node, f.session) < n.cfg.MaxUserSessions {
		return ""
	}
	n.reach(limitUserSessions)
	return fmt.Sprintf("more than %d sessions of one user", n.cfg.MaxUserSessions)
}

// full reports whether this node holds as many sessions as it may.
func (n *Node) full() bool { return len(n.sessions) >= n.maxSessions }

// tooMany counts a session that a full node does not take, and says why.
func (n *Node) tooMany() string {
	n.reach(limitSessions)
	return fmt.Sprintf("this node is full: it takes %d sessions", n.maxSessions)
}

// resumesHere reports whether a hello ends a session of this node.
func (n *Node) resumesHere(user string, f former) bool {
	return f.node == n.id && n.sessions[f.session] != nil && n.core.View.Owner(f.session) == user
}

// awaitHello closes a socket that has not said hello in time.
func (n *Node) awaitHello(c *conn, now time.Time) {
	age := now.Sub(c.opened)
	switch {
	case c.waiting || c.sock.Closing():
	case age >= helloTime:
		n.stats.Mute++
		c.sock.Close(protocol.CloseSilent, "no hello")
	case age >= fullTime && n.full():
		c.overload(0, protocol.LimitReached, n.tooMany())
	}
}
