package node

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
	"github.com/rollcall-presence/rollcall/node/webhook"
)

// Event is one event, as streams, webhooks and callbacks have it.
type Event = events.Event

// maxBehind is how many events may wait for one subscriber, besides those of the newest step.
const maxBehind = 100_000

// subscriber is somebody who is told of events: a stream, the callbacks or the webhooks.
type subscriber struct {
	kinds  channels.Kinds // that have to be recorded; guarded by Node.mu, like what follows
	queue  *events.Queue
	synced func(snapshot) // if not nil, called once: what is queued goes on from there
}

func (n *Node) newQueue() *events.Queue { return events.NewQueue(cmp.Or(n.cfg.maxBehind, maxBehind)) }

// newsroom is who is told of events. Guarded by Node.mu.
type newsroom struct {
	known       bool // the cluster is: there is something to tell
	subscribers []*subscriber
	serial      uint64 // of the newest batch
	callbacks   callbacks
}

// snapshot is what a stream begins with.
type snapshot struct {
	*channels.Snapshot
	labels map[channels.NodeID]string
}

// labelsOf returns what people call nodes.
func (n *Node) labelsOf(nodes []channels.NodeID) map[channels.NodeID]string {
	labels := make(map[channels.NodeID]string, len(nodes))
	for _, id := range nodes {
		labels[id] = n.label(id)
	}
	return labels
}

// heed is how they take it.
type heed struct {
	registered chan struct{} // closed once a callback is
	syncs      atomic.Uint64 // that were sent on streams

	hook atomic.Pointer[webhook.Stats] // nil: no webhook is sent

	streams   atomic.Int64
	cut       atomic.Uint64
	sent      atomic.Uint64
	missed    atomic.Uint64
	panics    atomic.Uint64
	callbacks atomic.Uint64
}

// subscribe has a subscriber told of everything from now on or, while this node is learning
// the cluster, from when it knows it.
func (n *Node) subscribe(l *subscriber) {
	n.step(func(time.Time) {
		n.news.subscribers = append(n.news.subscribers, l)
		n.record()
		n.syncDue(l)
	})
}

// unsubscribe ends that.
func (n *Node) unsubscribe(l *subscriber) {
	n.step(func(time.Time) {
		n.news.subscribers = slices.DeleteFunc(n.news.subscribers, func(o *subscriber) bool { return o == l })
		n.record()
	})
}

// syncDue gives a subscriber its snapshot, if there is anything to be shown yet.
func (n *Node) syncDue(l *subscriber) {
	if l.synced != nil && n.news.known {
		s := n.core.View.Snapshot(l.kinds)
		l.synced(snapshot{s, n.labelsOf(s.Nodes)})
		l.synced = nil
	}
}

// begin takes note that this node knows its cluster: from now on it tells of events.
func (n *Node) begin(now time.Time) {
	n.news.known = true
	n.record()
	for _, l := range n.news.subscribers {
		n.syncDue(l)
	}
	if n.alone() {
		n.publish([]Event{events.Started(n.id, now.UnixMilli(), n.cfg.Name)}, nil, now)
	}
}

// alone reports whether this node has met nobody.
func (n *Node) alone() bool {
	for p := range n.core.Gossip.Peers() {
		if p.Beat > 0 {
			return false
		}
	}
	return true
}

// publish gives events to all subscribers: some, and those that the view told of in this step.
func (n *Node) publish(first []Event, told []channels.Event, now time.Time) {
	if len(n.news.subscribers) == 0 || !n.news.known {
		return
	}
	var kinds channels.Kinds
	for _, l := range n.news.subscribers {
		kinds |= l.kinds
	}
	raw := make([]channels.Event, 0, len(told))
	labels := map[channels.NodeID]string{}
	for i := range told {
		if told[i].Kind&kinds == 0 {
			continue
		}
		raw = append(raw, told[i])
		for _, at := range [...]channels.NodeID{told[i].Cause.Origin, told[i].ChoiceCause.Origin} {
			if _, known := labels[at]; !known {
				labels[at] = n.label(at)
			}
		}
	}
	if len(first)+len(raw) == 0 {
		return
	}
	n.news.serial++
	b := events.NewBatch(n.news.serial, now.UnixMilli(), first, raw, labels)
	for _, l := range n.news.subscribers {
		if !l.queue.Add(b) {
			n.heed.missed.Add(uint64(b.Size()))
		}
	}
}
