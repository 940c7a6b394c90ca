// Package door bounds the connections that nobody vouches for yet.
//
// Between its accept and its hello a connection is a stranger: it shakes hands for
// TLS, sends its headers, or is a WebSocket that has said nothing. Each of these
// steps has a time limit, but a flood fills that time. So there is a bound, and beyond
// it the stranger who has been here longest is turned away: an honest client is through
// after some round trips, and is seldom the one.
//
// A door also bounds the connections of a listener in all, so that a process always has
// files left to talk to its peers.
package door

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
)

// Door is where strangers wait. Its methods may be called concurrently.
type Door struct {
	strangers, room int // bounds

	mu    sync.Mutex // guards the rest
	queue list.List  // of *Guest, who came first in front
	open  int        // connections of listeners
	stats Stats
}

// Stats counts what came to a door.
type Stats struct {
	Connections, Strangers int    // now
	Accepted               uint64 // connections
	Crowded                uint64 // strangers turned away because there were too many
	Full                   uint64 // connections closed at once because there was no room
}

// New returns a door for that many strangers, in the room for that many connections.
// Both are at least 1.
func New(strangers, room int) *Door { return &Door{strangers: strangers, room: room} }

// Stats returns the counters.
func (d *Door) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	s.Connections, s.Strangers = d.open, d.queue.Len()
	return s
}

// Guest is one who came to a door: a stranger until somebody vouches for him.
type Guest struct {
	d     *Door
	away  func()        // turns him away; guarded by Door.mu
	place *list.Element // guarded by Door.mu; nil: no stranger any more
}

// Enter adds a stranger. There may be one too many then: turnAway is called to end
// that one's connection, and must not block.
func (d *Door) Enter(turnAway func()) *Guest {
	d.mu.Lock()
	g, longest := d.add(turnAway), d.longest(d.strangers)
	d.mu.Unlock()
	if longest != nil {
		longest()
	}
	return g
}

// add adds a stranger. mu is held.
func (d *Door) add(turnAway func()) *Guest {
	g := &Guest{d: d, away: turnAway}
	g.place = d.queue.PushBack(g)
	return g
}

// longest takes out the stranger who has waited longest if there are more than most, and returns
// what turns him away, or nil. mu is held.
func (d *Door) longest(most int) (turnAway func()) {
	if d.queue.Len() <= most {
		return nil
	}
	g := d.queue.Front().Value.(*Guest)
	g.leave()
	d.stats.Crowded++
	return g.away
}

// TurnAwayBy has a guest turned away in another way from now on, as once his connection is
// somebody else's to close. It must not block, and is called at once for a guest who is no
// stranger any more, for who is vouched for only later was turned away.
func (g *Guest) TurnAwayBy(away func()) {
	g.d.mu.Lock()
	late := g.place == nil
	g.away = away
	g.d.mu.Unlock()
	if late {
		away()
	}
}

// Vouch makes a guest no stranger any more. So does his going.
func (g *Guest) Vouch() {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.leave()
}

// leave is Vouch with mu held.
func (g *Guest) leave() {
	if g.place != nil {
		g.d.queue.Remove(g.place)
		g.place = nil
	}
}

// Listen returns a listener whose connections come through the door.
func (d *Door) Listen(l net.Listener) net.Listener { return &listener{l, d} }

type listener struct {
	net.Listener
	d *Door
}

// Accept returns the next connection that there is room for.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.d.admit(conn); c != nil {
			return c, nil
		}
		conn.Close()
	}
}

// admit takes a connection in, for which a stranger may have to go. nil: there is no room.
func (d *Door) admit(conn net.Conn) *guestConn {
	c := &guestConn{Conn: conn}
	d.mu.Lock()
	most := d.strangers
	if d.open >= d.room {
		most = min(most, d.queue.Len())
	}
	if most == 0 {
		d.stats.Full++
		d.mu.Unlock()
		return nil
	}
	c.Guest = d.add(func() { c.Close() })
	longest := d.longest(most)
	d.open++
	d.stats.Accepted++
	d.mu.Unlock()
	if longest != nil {
		longest()
	}
	return c
}

// guestConn is a connection that came through a door.
type guestConn struct {
	net.Conn
	*Guest
	gone sync.Once
}

// SyscallConn implements [syscall.Conn], if the connection does.
func (c *guestConn) SyscallConn() (syscall.RawConn, error) {
	if under, ok := c.Conn.(syscall.Conn); ok {
		return under.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// Close closes the connection. It may be called again.
func (c *guestConn) Close() error {
	c.gone.Do(func() {
		c.d.mu.Lock()
		defer c.d.mu.Unlock()
		c.leave()
		c.d.open--
	})
	return c.Conn.Close()
}

type key struct{}

// With returns a context that holds the guest of a connection: it is for
// [net/http.Server.ConnContext]. The connection may be a TLS one.
func With(ctx context.Context, conn net.Conn) context.Context {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn()
	}
	if c, ok := conn.(*guestConn); ok {
		return context.WithValue(ctx, key{}, c.Guest)
	}
	return ctx
}

// From returns the guest that a context holds, or nil.
func From(ctx context.Context) *Guest {
	g, _ := ctx.Value(key{}).(*Guest)
	return g
}
