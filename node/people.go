package node

import (
	"fmt"
	"slices"

	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

const (
	maxFollowed = 1000            // people whom one socket may follow
	maxAsked    = 4 * maxFollowed // names in follows whose answers wait for the socket to have room
)

// followPeople has a socket told of the status of users, and answers with what it is now.
func (c *conn) followPeople(id int64, names []string) {
	names = distinct(names)
	fresh := 0
	for _, name := range names {
		if c.ties[name] == nil {
			fresh++
		}
	}
	switch {
	case c.user == "":
		c.refuse(id, protocol.Unauthorized, "to follow users takes a token")
	case slices.ContainsFunc(names, func(name string) bool { return !c.rights.MayFollow(name) }):
		c.refuse(id, protocol.Forbidden, "the token does not allow to follow all of these users")
	case len(c.ties)+fresh > maxFollowed:
		c.node.reach(limitFollowed)
		c.refuse(id, protocol.LimitReached, fmt.Sprintf("more than %d users followed on one socket", maxFollowed))
	default:
		for _, name := range names {
			if c.ties[name] == nil {
				c.node.tie(c, name)
			}
		}
		c.tellOrAsk(&slot{id: id, names: names})
	}
}

// distinct returns the names in the order in which they first come.
func distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	return slices.DeleteFunc(names, func(name string) bool {
		was := seen[name]
		seen[name] = true
		return was
	})
}

// unfollowPeople ends that. Names that are not followed are no error.
func (c *conn) unfollowPeople(id int64, names []string) {
	for _, name := range names {
		if t := c.ties[name]; t != nil {
			c.node.untie(t)
		}
	}
	c.ok(id)
}

// rejudge ends the follows of people that the rights of another token do not allow, and
// tells of the others what they newly allow. For another user nothing counts that the one
// before her was told.
func (c *conn) rejudge(code protocol.Code, same bool) {
	n := c.node
	var ended []string
	for _, t := range c.tiesByName() {
		if !c.rights.MayFollow(t.person.name) {
			ended = append(ended, t.person.name)
			n.untie(t)
			continue
		}
		known := t.knows
		if !same {
			t.knows = nil
		}
		n.look(t.person)
		t.knows = t.judge(n.sharing(t.person))
		if t.knows.isNews(known) {
			t.owe()
		}
	}
	for part := range slices.Chunk(ended, protocol.MaxUsers) {
		c.reply(protocol.AppendUnfollowed(nil, part, code))
	}
	n.resync(c)
}

// meet has those told more who begin to share a channel with somebody who is away.
func (n *Node) meet(user, channel string) {
	view := n.core.View
	if p := n.people[user]; p != nil && view.User(user).LastActivity != 0 {
		n.stir(p)
	}
	for _, id := range view.OwnSessions(user) {
		if c := n.sessions[id]; c != nil && !c.rights.ClaimsFollow() {
			c.meet(channel)
		}
	}
}

// meet has a socket told more of whom it follows and its user now shares this channel with.
func (c *conn) meet(channel string) {
	n := c.node
	for _, t := range c.tiesByName() {
		p := t.person
		n.look(p)
		if p.full.info.LastActivity == 0 || !p.full.isNews(t.knows) {
			continue
		}
		if _, is := n.core.View.Member(channel, p.name); is {
			t.knows = p.full
			t.owe()
		}
	}
	n.resync(c)
}

// tellUsers answers a follow. False: there is no room for it before Drained. Node.mu and
// mu are held.
func (c *conn) tellUsers(s *slot) bool {
	users := make([]protocol.User, 0, len(s.names))
	told := make([]telling, 0, len(s.names))
	for _, name := range s.names {
		t := c.ties[name]
		switch {
		case t != nil:
		case !c.rights.MayFollow(name): // by a token that came after the request
			continue
		default: // not followed any more
			t = &tie{conn: c, person: &person{name: name}}
		}
		c.node.look(t.person)
		w := t.judge(c.node.sharing(t.person))
		users, told = append(users, asUser(w.info)), append(told, telling{t, w})
	}
	if c.sock.Send(socket.Frame(protocol.AppendUsers(nil, s.id, users))) == socket.Full {
		return false
	}
	for _, t := range told {
		t.knows, t.told, t.held = t.word, t.word, false
		c.settleWith(t.tie)
	}
	return true
}
