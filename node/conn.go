package node

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/door"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// helloTime is how long a socket may take to say hello.
const helloTime = 5 * time.Second

// conn is one socket and who is on it.
type conn struct {
	node   *Node
	sock   *socket.Socket
	header *auth.Identity    // of the token at the upgrade; nil: there was none
	from   *channels.Details // as the upgrade tells
	guest  *door.Guest       // no stranger any more once it has a session
	opened time.Time
	known  bool // it is in Node.conns until it is closed; fixed before the socket is started

	doubted atomic.Bool

	// Owned by the reading goroutine.
	greeted bool
	pacer   pacer

	// Guarded by Node.mu.
	waiting bool          // nothing is read: it waits for a key, or for the node to know its cluster
	awaited int64         // id of the request that waits, or did last
	session uint64        // 0: none, or none any more
	waited  time.Duration // running time at which the last such wait was over
	bearer
	follows []*follow
	ties    map[string]*tie // by name of the person
	look    int64           // tick of the wheel in which it is looked at next
	gone    bool            // the socket is closed
	pinged  time.Duration   // running time
	asked   time.Duration   // running time of the first ping since it was last heard

	mu      sync.Mutex // guards the rest, and parts of follows
	slots   []*slot    // answers that wait, in the order of the requests
	clogged bool       // there was no room for an answer: no roster is held before Drained
	behind  bool       // some follow is stale or again, and not in slots, or somebody is owed
	owed    []*tie     // there was no room for the newest word of these
}

// Frame takes a text frame in.
func (c *conn) Frame(data []byte) {
	c.node.still()
	c.confirm()
	empty := true
	for line := range protocol.Lines(data) {
		if empty = false; !c.line(line) {
			return
		}
	}
	if empty {
		c.pace(0)
	}
}

// Control takes a sign of life in. It is paced like a request, for a ping has an answer.
func (c *conn) Control() {
	c.confirm()
	c.pace(0)
}

// confirm has a session count again of which this node, being paused, could not
// know whether it is still there.
func (c *conn) confirm() {
	if c.doubted.CompareAndSwap(true, false) {
		c.node.step(func(now time.Time) {
			if c.session != 0 {
				c.node.core.View.Confirm(c.node.core.Now(now), c.session)
			}
		})
	}
}

// Drained sends the rosters, and what is told of people, that there was no room for.
func (c *conn) Drained() {
	n := c.node
	n.step(func(time.Time) { n.resync(c) })
}

// Closed puts the session in grace, unless it has ended already.
func (c *conn) Closed(socket.Cause) {
	n := c.node
	n.step(func(now time.Time) {
		session := c.session
		n.release(c)
		if session != 0 && !n.stopped() {
			n.core.View.Break(n.core.Now(now), session)
		}
		delete(n.conns, c)
		c.gone = true
	})
	c.guest.Vouch()
	if c.known {
		n.present.Done()
	}
}

// release parts a connection from its session, and from the channels and people it follows.
func (n *Node) release(c *conn) {
	for len(c.follows) > 0 {
		n.unfollow(c.follows[len(c.follows)-1], false)
	}
	for _, t := range c.ties {
		n.untie(t)
	}
	c.settle()
	delete(n.sessions, c.session)
	c.session = 0
	n.noteDeserted()
}

// line takes one request in. False: nothing after it is to be looked at.
func (c *conn) line(line []byte) bool {
	req, bad := c.node.decoder.Decode(line)
	switch {
	case !c.pace(idOf(req, bad)):
		return false
	case !c.greeted:
		return c.first(line, req, bad)
	case bad != nil:
		c.refuse(bad.ID, bad.Code, bad.Message)
		return true
	}
	return c.request(req)
}

// idOf returns the id of what was decoded, or refused to be.
func idOf(req protocol.Request, bad *protocol.Error) int64 {
	if bad != nil {
		return bad.ID
	}
	return req.RequestID()
}

// first takes the first request in, which has to be hello. One that has a wrong field
// may be said again, as long as the time for it lasts.
func (c *conn) first(line []byte, req protocol.Request, bad *protocol.Error) bool {
	hello, ok := req.(protocol.Hello)
	if ok {
		c.greeted = c.hello(hello)
		return c.greeted
	}
	if bad == nil {
		bad = &protocol.Error{ID: req.RequestID(), Code: protocol.BadRequest, Message: "the first request has to be hello"}
	}
	c.refuse(bad.ID, bad.Code, bad.Message)
	if protocol.IsHello(line) {
		return true
	}
	c.sock.Close(protocol.CloseProtocol, "the first frame is no hello")
	return false
}

// hello opens the session, once the node knows its cluster.
func (c *conn) hello(h protocol.Hello) bool {
	c.wait(int64(h.ID))
	identity, err := c.verify(string(h.Token))
	if err != nil {
		c.refuseHello(h, err)
		return false
	}
	if !c.awaitReady() {
		return false
	}
	opened := false
	c.node.step(func(now time.Time) { opened = c.open(now, h, identity) })
	return opened
}

// verify returns who a token, or else that of the upgrade, says is there. Without
// any it is nobody, where the node allows that.
func (c *conn) verify(token string) (auth.Identity, error) {
	switch {
	case token != "":
		return c.node.verify(token)
	case c.header != nil:
		return *c.header, nil
	case c.node.cfg.AllowAnonymous:
		return auth.Identity{}, nil
	}
	c.node.badToken.add(string(noToken))
	return auth.Identity{}, errors.New("no token")
}

// refuseHello answers a hello whose token is no good, and closes the socket.
func (c *conn) refuseHello(h protocol.Hello, err error) {
	c.refuseToken(int64(h.ID), err)
	c.sock.Close(protocol.CloseUnauthorized, err.Error())
}

// refuseToken answers a request whose token is no good.
func (c *conn) refuseToken(id int64, err error) {
	code := protocol.Unauthorized
	if errors.Is(err, auth.ErrExpired) {
		code = protocol.Expired
	}
	c.refuse(id, code, err.Error())
}

// wait keeps the sweep from closing a connection of which nothing is read while a
// request waits, until goOn.
func (c *conn) wait(request int64) {
	c.node.lock()
	defer c.node.mu.Unlock()
	c.waiting, c.awaited = true, request
}

// goOn says that frames are read again. Node.mu is held.
func (c *conn) goOn() { c.waiting, c.waited = false, c.node.clock() }

// awaitReady waits until the node knows its cluster, with a ping now and then so
// that the client knows that somebody is there. False: the socket is over.
func (c *conn) awaitReady() bool {
	n := c.node
	for wait := time.Second; ; wait = n.cfg.Interval {
		timer := time.NewTimer(wait)
		select {
		case <-n.ready:
			timer.Stop()
			return true
		case <-n.draining:
			timer.Stop()
			return false
		case <-n.stopping:
			timer.Stop()
			return false
		case <-timer.C:
		}
		if !c.sock.Reply(socket.Frame(protocol.AppendPing(nil, time.Now().UnixMilli()))) {
			return false
		}
	}
}

var statusOf = map[string]channels.Status{protocol.Online: channels.StatusOnline, protocol.Away: channels.StatusAway,
	protocol.Busy: channels.StatusBusy, protocol.Offline: channels.StatusOffline}

var stateOf = map[string]channels.State{protocol.Online: channels.Online, protocol.Away: channels.Away}

// open makes the session and welcomes it. False: there is no room for it, the token is over
// by now, or the socket was turned away while its hello waited; it is closing.
func (c *conn) open(now time.Time, h protocol.Hello, identity auth.Identity) bool {
	n := c.node
	if n.leaving() || c.sock.Closing() {
		return false // the socket is closing
	}
	if err := n.outlived(identity, now); err != nil {
		c.refuseHello(h, err)
		return false
	}
	resumed := formerOf(h.Resume, identity.User)
	if why := n.overLimit(identity, resumed); why != "" {
		c.overload(int64(h.ID), protocol.LimitReached, why)
		return false
	}
	t := n.core.Now(now)
	c.goOn()
	c.guest.Vouch()
	status := h.Status
	if status == "" {
		status = identity.Status
	}
	c.bearer = n.bearerOf(identity, now)
	c.session = n.core.View.Open(t, channels.Opening{User: identity.User, State: stateOf[h.State], Active: active(t.Wall, h.State, h.Idle),
		Profile: identity.Profile, Status: statusOf[status], Details: c.details(t.Wall, h.Meta)})
	n.sessions[c.session] = c
	n.resume(now, resumed, identity.User)
	c.reply(protocol.AppendWelcome(nil, &protocol.Welcome{ID: int64(h.ID), Session: channels.SessionName(n.id, c.session), User: identity.User,
		Node: n.cfg.Name, Time: now.UnixMilli(), Interval: n.cfg.Interval.Milliseconds(), Timeout: n.cfg.Timeout.Milliseconds(),
		Expires: expires(identity), Status: n.core.View.Chosen(identity.User).String()}))
	return true
}

// details is what operators may know of the connection, whose session begins now.
func (c *conn) details(now int64, meta string) *channels.Details {
	d := *c.from
	d.Since, d.Meta = now, meta
	return &d
}

// active returns when a user was last active, Unix milliseconds. 0: at some time; of who
// is online and does not say, it is not told, and would stand against what she says later.
func active(now int64, state string, idle int64) int64 {
	if state == protocol.Online && idle == 0 {
		return 0
	}
	return now - idle
}

// expires returns when a token ends, Unix milliseconds; 0: there is none.
func expires(i auth.Identity) int64 {
	if i.User == "" {
		return 0
	}
	return i.Expires.UnixMilli()
}

// resume ends the former session of a user who has opened another, wherever it is
// held. One that is stale, or not hers, is ignored.
func (n *Node) resume(now time.Time, f former, user string) {
	switch {
	case f == former{}:
	case f.node != n.id:
		n.core.Gossip.Resume(now, f.node, gossip.Resumed{Session: f.session, User: user})
	case n.core.View.Owner(f.session) == user:
		old := n.sessions[f.session]
		n.core.View.Break(n.core.Now(now), f.session)
		if old != nil {
			n.giveWay(old)
		}
	}
}

// giveWay closes a socket whose session is in grace, for the user has opened another.
func (n *Node) giveWay(c *conn) {
	n.stats.Resumed++
	n.release(c)
	c.sock.Close(protocol.CloseResumed, "resumed by another socket")
}

// following returns the connection's follow of a channel, or nil.
func (c *conn) following(channel string) *follow {
	if i := slices.IndexFunc(c.follows, func(w *follow) bool { return w.fan.channel == channel }); i >= 0 {
		return c.follows[i]
	}
	return nil
}
