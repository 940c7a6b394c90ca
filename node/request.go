package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// request carries out a request after hello. False: it was the last.
func (c *conn) request(req protocol.Request) bool {
	switch r := req.(type) {
	case protocol.Pong:
		c.ok(int64(r.ID))
		return true
	case protocol.Time: // answered at once
		c.sock.Reply(socket.Frame(protocol.AppendTime(nil, int64(r.ID), time.Now().UnixMilli())))
		return true
	case protocol.Token:
		c.wait(int64(r.ID))
		identity, err := c.node.verify(string(r.Token))
		c.step(func(channels.Now) { c.goOn() })
		if err != nil {
			c.refuseToken(int64(r.ID), err)
			return true
		}
		c.step(func(now channels.Now) { c.renew(now, int64(r.ID), identity) })
		return true
	}
	last := false
	c.step(func(now channels.Now) { last = c.handle(now, req) })
	return !last
}

// step runs f in a step of the node, if the connection still has a session.
func (c *conn) step(f func(now channels.Now)) {
	c.node.step(func(now time.Time) {
		if c.session != 0 {
			f(c.node.core.Now(now))
		}
	})
}

// handle carries out a request that needs the node's state.
func (c *conn) handle(now channels.Now, req protocol.Request) (last bool) {
	id := req.RequestID()
	view := c.node.core.View
	switch r := req.(type) {
	case protocol.Hello:
		c.refuse(id, protocol.BadRequest, "hello was said already")
	case protocol.Join:
		c.join(now, id, r)
	case protocol.Watch:
		c.watch(id, r)
	case protocol.Leave:
		c.leave(now, id, r.Channel)
	case protocol.Update:
		c.update(now, id, r)
	case protocol.Sync:
		c.sync(id, r.Channel)
	case protocol.State:
		view.SetState(now, c.session, stateOf[r.State], active(now.Wall, r.State, r.Idle))
		c.ok(id)
	case protocol.Status:
		c.choose(now, id, r)
	case protocol.Follow:
		c.followPeople(id, r.Users)
	case protocol.Unfollow:
		c.unfollowPeople(id, r.Users)
	case protocol.Logout:
		return c.logout(now, id)
	case protocol.Bye:
		c.ok(id)
		view.Close(now, c.session, channels.ReasonLeft)
		c.node.release(c)
		c.sock.Close(protocol.CloseNormal, "bye")
		return true
	default:
		c.refuse(id, protocol.Unsupported, "this node does not know that request")
	}
	return false
}

func (c *conn) join(now channels.Now, id int64, r protocol.Join) {
	switch w := c.following(r.Channel); {
	case c.user == "":
		c.refuse(id, protocol.Unauthorized, "to join a channel takes a token")
	case !c.rights.MayJoin(r.Channel):
		c.refuse(id, protocol.Forbidden, "the token does not allow to join this channel")
	case w != nil:
		w.member = true
		c.node.core.View.Join(now, c.session, r.Channel, r.Data)
		c.ok(id)
	case c.full(id):
	default:
		c.node.core.View.Join(now, c.session, r.Channel, r.Data)
		c.ask(c.node.follows(c, r.Channel, r.Mode, true), id)
	}
}

func (c *conn) watch(id int64, r protocol.Watch) {
	switch {
	case !c.rights.MayWatch(r.Channel):
		code := protocol.Forbidden
		if c.user == "" {
			code = protocol.Unauthorized
		}
		c.refuse(id, code, "this channel may not be watched")
	case c.following(r.Channel) != nil:
		c.ok(id)
	case c.full(id):
	default:
		c.ask(c.node.follows(c, r.Channel, r.Mode, false), id)
	}
}

// full refuses a request for one channel more than a socket may follow.
func (c *conn) full(id int64) bool {
	if len(c.follows) < c.node.cfg.MaxChannels {
		return false
	}
	c.node.reach(limitChannels)
	c.refuse(id, protocol.LimitReached, fmt.Sprintf("more than %d channels on one socket", c.node.cfg.MaxChannels))
	return true
}

func (c *conn) leave(now channels.Now, id int64, channel string) {
	if w := c.following(channel); w != nil {
		c.drop(now, w, true)
	}
	c.ok(id)
}

// drop ends a follow, and the membership if it is one: see [Node.unfollow].
func (c *conn) drop(now channels.Now, w *follow, owed bool) {
	if w.member {
		c.node.core.View.Leave(now, c.session, w.fan.channel, channels.ReasonLeft)
	}
	c.node.unfollow(w, owed)
}

func (c *conn) update(now channels.Now, id int64, r protocol.Update) {
	w := c.following(r.Channel)
	switch {
	case c.user == "":
		c.refuse(id, protocol.Unauthorized, "to update a membership takes a token")
	case w == nil || !w.member:
		c.refuse(id, protocol.NotMember, "this socket is no member of the channel")
	default:
		c.node.core.View.Update(now, c.session, r.Channel, r.Data)
		c.ok(id)
	}
}

func (c *conn) sync(id int64, channel string) {
	w := c.following(channel)
	if w == nil {
		c.refuse(id, protocol.NotMember, "this socket does not follow the channel")
		return
	}
	c.ask(w, id)
	c.node.await(w)
}

// choose takes the status that the user wants to have everywhere.
func (c *conn) choose(now channels.Now, id int64, r protocol.Status) {
	if c.user == "" {
		c.refuse(id, protocol.Unauthorized, "to choose a status takes a token")
		return
	}
	c.node.core.View.Choose(now, c.session, statusOf[r.Status], r.Text)
	c.ok(id)
}

// renew takes a token that was verified on a live socket: a renewal makes no event,
// another user's is a logout and a join of what it allows, if she may have one
// session more. One that is over by now changes nothing.
func (c *conn) renew(now channels.Now, id int64, identity auth.Identity) {
	n := c.node
	if err := n.outlived(identity, time.Now()); err != nil {
		c.refuseToken(id, err)
		return
	}
	same := identity.User == c.user
	session := "" // none to tell of
	rejoin := []string{}
	if !same {
		if why := n.overUserLimit(identity.User, former{}); why != "" {
			c.refuse(id, protocol.LimitReached, why)
			return
		}
		for _, w := range c.follows {
			if w.member {
				rejoin = append(rejoin, w.fan.channel)
			}
		}
		c.become(now, channels.Opening{User: identity.User, Profile: identity.Profile, Status: statusOf[identity.Status]})
		session = channels.SessionName(n.id, c.session)
	}
	c.bearer = n.bearerOf(identity, time.Now())
	n.wheel.add(c, n.clock()) // it may end sooner than the one before
	if same {
		n.core.View.SetProfile(now, c.session, identity.Profile)
	}
	for _, w := range slices.Clone(c.follows) {
		channel := w.fan.channel
		may := c.rights.MayWatch(channel)
		if w.member {
			may = c.rights.MayJoin(channel)
		}
		switch {
		case !may:
			c.drop(now, w, false)
			c.reply(protocol.AppendEnded(nil, channel, protocol.Forbidden))
		case slices.Contains(rejoin, channel):
			n.core.View.Join(now, c.session, channel, "")
		}
	}
	c.rejudge(protocol.Forbidden, same)
	if id != 0 {
		c.reply(protocol.AppendIdentity(nil, id, identity.User, expires(identity), session))
	}
}

// become makes the socket another user's, or nobody's: everything that the session
// held ends with reason logout, and another session begins.
func (c *conn) become(now channels.Now, o channels.Opening) {
	n := c.node
	delete(n.sessions, c.session)
	c.session = n.core.View.SetUser(now, c.session, o)
	n.sessions[c.session] = c
}

// logout gives up the identity.
func (c *conn) logout(now channels.Now, id int64) (last bool) {
	n := c.node
	if !n.cfg.AllowAnonymous {
		n.core.View.Close(now, c.session, channels.ReasonLogout)
		if id != 0 {
			c.reply(protocol.AppendIdentity(nil, id, "", 0, ""))
		}
		n.release(c)
		c.sock.Close(protocol.CloseNormal, "logout")
		return true
	}
	session := "" // none to tell of
	if c.user != "" {
		c.become(now, channels.Opening{})
		c.bearer = n.bearerOf(auth.Identity{}, time.Now())
		session = channels.SessionName(n.id, c.session)
	}
	for _, w := range slices.Clone(c.follows) {
		if w.member || !c.rights.MayWatch(w.fan.channel) {
			w.member = false // the session that held it is over
			n.unfollow(w, false)
			c.reply(protocol.AppendEnded(nil, w.fan.channel, protocol.Unauthorized))
		}
	}
	c.rejudge(protocol.Unauthorized, false)
	if id != 0 {
		c.reply(protocol.AppendIdentity(nil, id, "", 0, session))
	}
	return false
}
