package core

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// client is one socket and what it wants.
type client struct {
	user    string
	node    *node
	session uint64
	open    bool // the socket stands
	rooms   []string
	since   time.Time
	number  uint64 // of its node's table when it was in its rooms
}

// connect opens a socket at a node that runs and joins rooms.
func (w *world) connect(n *node, user string, rooms []string) *client {
	c := &client{user: user, node: n, open: true, since: w.now, rooms: slices.Clone(rooms)}
	w.clients = append(w.clients, c)
	n.do(func(now time.Time) {
		state := channels.Online
		if w.chance(0.3) {
			state = channels.Away
		}
		c.session = n.core.View.Open(n.core.Now(now), channels.Opening{User: user, State: state,
			Details: channels.NewDetails(netip.Addr{}, "agent of "+user, "", n.core.Now(now).Wall)})
		for _, r := range rooms {
			w.lastID++
			n.core.View.Join(n.core.Now(now), c.session, r, fmt.Sprintf(`{"n":%d}`, w.lastID))
		}
	})
	c.number = n.core.Gossip.Table().Number()
	w.trace("%s connects to %v as %d, in %v", user, n, c.session, rooms)
	return c
}

// gone takes a client whose socket is no more out of the truth.
func (w *world) gone(c *client) {
	c.open = false
	w.clients = slices.DeleteFunc(w.clients, func(d *client) bool { return d == c })
}

// bye ends a session with goodbye.
func (w *world) bye(c *client) {
	w.trace("%s says bye to %v", c.user, c.node)
	w.gone(c)
	c.node.do(func(now time.Time) {
		c.node.core.View.Close(c.node.core.Now(now), c.session, channels.ReasonLeft)
	})
}

// breaks loses a socket. The node hears of it.
func (w *world) breaks(c *client) {
	w.trace("the socket of %s on %v breaks", c.user, c.node)
	w.gone(c)
	c.node.do(func(now time.Time) { c.node.core.View.Break(c.node.core.Now(now), c.session) })
}

// moves lets a user come back at another node, naming the former session. The old
// socket breaks a little later, if the message does not end it.
func (w *world) moves(c *client, n *node) {
	w.trace("%s moves from %v to %v", c.user, c.node, n)
	w.connect(n, c.user, c.rooms)
	n.do(func(now time.Time) {
		if n == c.node {
			n.core.View.Break(n.core.Now(now), c.session)
		} else {
			n.core.Gossip.Resume(now, c.node.id, gossip.Resumed{Session: c.session, User: c.user})
		}
	})
	w.after(w.dur(time.Second), func() {
		if c.open {
			w.breaks(c)
		}
	})
}

// resumed closes the socket of a session that was resumed elsewhere.
func (w *world) resumed(n *node, session uint64) {
	for _, c := range slices.Clone(w.clients) {
		if c.node == n && c.session == session {
			w.gone(c)
		}
	}
}

// doubted has the clients of a node that was paused for long send a frame each,
// as far as they are still there.
func (w *world) doubted(n *node) {
	for _, c := range slices.Clone(w.clients) {
		if c.node == n {
			w.after(w.dur(500*time.Millisecond), func() {
				if c.open {
					n.do(func(now time.Time) { n.core.View.Confirm(n.core.Now(now), c.session) })
				}
			})
		}
	}
}

// orphan loses the sockets of a process that is no more. Most of their clients
// come back elsewhere, sooner or later.
func (w *world) orphan(n *node) {
	for _, c := range slices.Clone(w.clients) {
		if c.node == n {
			w.gone(c)
			if !w.quiet && w.chance(0.7) {
				w.after(w.dur(timeout), func() {
					if m := w.anyNode(); m != nil && !w.quiet {
						w.connect(m, c.user, c.rooms)
					}
				})
			}
		}
	}
}

// anyNode returns a node that runs, or nil.
func (w *world) anyNode() *node {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	if !n.running() || n.left {
		return nil
	}
	return n
}

// churn has a client do something, and goes on until the world is quiet.
func (w *world) churn() {
	if w.quiet {
		return
	}
	w.after(20*time.Millisecond+w.dur(600*time.Millisecond), w.churn)
	if len(w.clients) < 4 || len(w.clients) < 25 && w.chance(0.3) {
		if n := w.anyNode(); n != nil {
			w.connect(n, users[w.rng.IntN(len(users))], w.someRooms())
		}
		return
	}
	c := w.clients[w.rng.IntN(len(w.clients))]
	if !c.node.running() || c.session == 0 {
		return
	}
	view, do := c.node.core.View, c.node.do
	switch w.rng.IntN(11) {
	case 0:
		w.bye(c)
	case 1, 2:
		w.breaks(c)
		if w.chance(0.8) {
			w.after(w.dur(grace-500*time.Millisecond), func() {
				if n := w.anyNode(); n != nil && !w.quiet {
					w.connect(n, c.user, c.rooms)
				}
			})
		}
	case 3, 4:
		if n := w.anyNode(); n != nil {
			w.moves(c, n)
		}
	case 5, 6:
		room := w.someRooms()[0]
		if i := slices.Index(c.rooms, room); i >= 0 {
			c.rooms = slices.Delete(c.rooms, i, i+1)
			do(func(now time.Time) {
				view.Leave(c.node.core.Now(now), c.session, room, channels.ReasonLeft)
			})
		} else {
			c.rooms = append(c.rooms, room)
			do(func(now time.Time) { view.Join(c.node.core.Now(now), c.session, room, "") })
			c.number = c.node.core.Gossip.Table().Number()
		}
	case 7:
		w.lastID++
		data := fmt.Sprintf(`{"n":%d}`, w.lastID)
		do(func(now time.Time) {
			for _, r := range c.rooms {
				view.Update(c.node.core.Now(now), c.session, r, data)
			}
		})
	case 8:
		w.lastID++
		status, text := channels.StatusOnline+channels.Status(w.rng.IntN(4)), fmt.Sprint("choice ", w.lastID)
		w.trace("%s on %v chooses %d, %s", c.user, c.node, status, text)
		do(func(now time.Time) { view.Choose(c.node.core.Now(now), c.session, status, text) })
	default:
		state := channels.Online
		if w.chance(0.5) {
			state = channels.Away
		}
		do(func(now time.Time) { view.SetState(c.node.core.Now(now), c.session, state, now.UnixMilli()) })
	}
}

func (w *world) someRooms() []string {
	rooms := []string{"r0", "r1", "r2"}
	w.rng.Shuffle(len(rooms), func(i, j int) { rooms[i], rooms[j] = rooms[j], rooms[i] })
	return rooms[:1+w.rng.IntN(len(rooms))]
}
