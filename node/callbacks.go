package node

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
)

// callbacks calls the functions that the program registered, from one goroutine, in the
// order in which things happened, and never under Node.mu: they may call the node.
//
// A slow one holds up only the others. Up to maxBehind events wait for them; what there
// is no room for then is counted, logged, and told as one event of type [events.Missed],
// in the place of those that are missing.
type callbacks struct {
	subscriber *subscriber // nil while nothing is registered
	all        []callback
}

type callback struct {
	from  uint64 // serial of the first batch that it is told of
	every bool   // also of what is no event of the cluster
	call  func(*Event)
}

// OnEvent has f called with every event that this node sees from now on, but for what it
// learns of the cluster when it starts. Any number of functions may be registered here
// and below, before [Node.Run] or while it runs; each is called once for each event, from one
// goroutine that all of them share, after what it is told of has happened. One that
// panics is logged, and called again for the next event. Events that came faster than
// all callbacks together took them make one event of type "missed", whose Count says how
// many were dropped: 100,000 may wait.
func (n *Node) OnEvent(f func(Event)) {
	n.on(f == nil, channels.AllKinds, func(e *Event) { f(*e) })
}

// OnSessionConnected has f called when a session begins anywhere in the cluster. The user
// is empty if it is anonymous. See [Node.OnEvent].
func (n *Node) OnSessionConnected(f func(sessionID, user string)) {
	n.on(f == nil, channels.SessionConnected, func(e *Event) {
		if e.Type == events.SessionConnected {
			f(e.Session, e.User)
		}
	})
}

// OnSessionDisconnected has f called when a session ends anywhere in the cluster, also
// when its node is lost. See [Node.OnEvent].
func (n *Node) OnSessionDisconnected(f func(sessionID, user string)) {
	n.on(f == nil, channels.SessionDisconnected, func(e *Event) {
		if e.Type == events.SessionDisconnected {
			f(e.Session, e.User)
		}
	})
}

// OnUserOnline has f called when a user is there, and is neither away nor hidden, who was
// not before. See [Node.OnEvent].
func (n *Node) OnUserOnline(f func(user string)) { n.onUser(events.UserOnline, f) }

// OnUserAway has f called when a user goes away, or chooses to be. See [Node.OnEvent].
func (n *Node) OnUserAway(f func(user string)) { n.onUser(events.UserAway, f) }

// OnUserOffline has f called when a user's last session is over, or she hides. See [Node.OnEvent].
func (n *Node) OnUserOffline(f func(user string)) { n.onUser(events.UserOffline, f) }

func (n *Node) onUser(t events.Type, f func(user string)) {
	n.on(f == nil, channels.UserChanged, func(e *Event) {
		if e.Type == t {
			f(e.User)
		}
	})
}

// OnCleanup has f called with the sessions that went with a node, at least one, and with
// nil when this node began a cluster of its own: then no session that anybody has
// written down lives any more. See [Node.OnEvent].
func (n *Node) OnCleanup(f func(sessionIDs []string)) {
	n.on(f == nil, channels.NodeGone, func(e *Event) {
		switch {
		case e.Type == events.ClusterStarted:
			f(nil)
		case e.Type == events.NodeLost && len(e.Sessions) > 0:
			f(slices.Clone(e.Sessions))
		}
	})
}

// on registers a function that looks at events of these kinds, and maybe at others.
func (n *Node) on(missing bool, kinds channels.Kinds, call func(*Event)) {
	if missing {
		panic("node: a callback is nil")
	}
	n.step(func(time.Time) {
		c := &n.news.callbacks
		if c.subscriber == nil {
			c.subscriber = &subscriber{queue: n.newQueue()}
			n.news.subscribers = append(n.news.subscribers, c.subscriber)
			close(n.heed.registered)
		}
		c.all = append(c.all, callback{n.news.serial + 1, kinds == channels.AllKinds, call})
		c.subscriber.kinds |= kinds
		n.record()
	})
}

// callBack calls callbacks until ctx ends and they have been told everything.
func (n *Node) callBack(ctx context.Context) {
	select {
	case <-n.heed.registered:
	case <-ctx.Done():
		return
	}
	queue := n.news.callbacks.subscriber.queue
	for {
		select {
		case <-queue.Wake():
			n.callAll(queue)
		case <-ctx.Done():
			n.callAll(queue)
			return
		}
	}
}

// awaitCallbacks waits for the last of them, but not for ever.
func (n *Node) awaitCallbacks(told <-chan struct{}) {
	late := time.NewTimer(stopTime)
	defer late.Stop()
	select {
	case <-told:
	case <-late.C:
		n.log.Error("a callback does not return")
	}
}

// callAll tells the callbacks what waits for them.
func (n *Node) callAll(queue *events.Queue) {
	batches, missed := queue.Take()
	for _, b := range batches {
		all := n.callbacksAt(b.Serial)
		for _, e := range b.Events() {
			for i := range all {
				n.call(&all[i], &e)
			}
		}
	}
	if missed > 0 {
		n.log.Error("callbacks are too slow, and missed events", "events", missed)
		e := Event{Type: events.Missed, Time: time.Now().UnixMilli(), Node: n.cfg.Name, NodeID: n.id.String(), Count: missed}
		for _, c := range n.callbacksAt(^uint64(0)) {
			if c.every {
				n.call(&c, &e)
			}
		}
	}
}

// callbacksAt returns the callbacks that were registered before a batch.
func (n *Node) callbacksAt(serial uint64) []callback {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.news.callbacks.all
	for len(all) > 0 && all[len(all)-1].from > serial {
		all = all[:len(all)-1]
	}
	return all
}

// call calls one, and survives it.
func (n *Node) call(c *callback, e *Event) {
	defer func() {
		if p := recover(); p != nil {
			n.heed.panics.Add(1)
			n.log.Error("a callback panicked", "event", string(e.Type), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	n.heed.callbacks.Add(1)
	c.call(e)
}
