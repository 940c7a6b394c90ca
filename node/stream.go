package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rollcall-presence/rollcall/node/events"
)

const (
	keepAlive  = 15 * time.Second // between two signs of life on a stream that is silent
	streamTime = time.Minute      // that a consumer may take to read a part of what is sent
)

// stream is one consumer of GET /v1/events, owned by the goroutine of its request.
type stream struct {
	node     *Node
	filter   events.Filter
	w        http.ResponseWriter
	out      *http.ResponseController
	snapshot snapshot
	err      error // of the first write that failed: the consumer is gone
}

// streamEvents serves server-sent events: sync, in as many parts as it takes, and then
// every event of the types that are asked for. A consumer that is too slow is told so by
// a last event, cut; so is everybody when the node stops.
func (n *Node) streamEvents(w http.ResponseWriter, r *http.Request) {
	filter, err := events.ParseFilter(r.URL.Query().Get("types"))
	if err != nil {
		refuseHTTP(w, badRequest("types: %v", err))
		return
	}
	n.heed.streams.Add(1)
	defer n.heed.streams.Add(-1)
	s := &stream{node: n, filter: filter, w: w, out: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies shall not wait for more
	s.write(": rollcall\n\n")
	_ = s.out.Flush()
	synced := make(chan struct{})
	l := &subscriber{kinds: filter.Kinds(), queue: n.newQueue(), synced: func(all snapshot) {
		s.snapshot = all
		close(synced)
	}}
	n.subscribe(l)
	defer n.unsubscribe(l)
	s.run(r.Context(), l.queue, synced)
}

// run writes until the consumer is gone, is too slow, or the node stops.
func (s *stream) run(ctx context.Context, queue *events.Queue, synced <-chan struct{}) {
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	var wake <-chan struct{} // nil until the snapshot is sent
	for s.err == nil {
		select {
		case <-synced:
			s.sync()
			synced, wake = nil, queue.Wake()
		case <-wake:
			s.tell(queue)
		case <-alive.C:
			s.write(": alive\n\n")
		case <-s.node.stopping:
			if wake != nil {
				s.tell(queue)
			}
			s.cut("stopping", 0)
		case <-ctx.Done():
			return
		}
		if err := s.out.Flush(); s.err == nil {
			s.err = err
		}
	}
}

// sync sends the snapshot, part by part.
func (s *stream) sync() {
	n := s.node
	for p := range events.Sync(s.snapshot.Snapshot, n.id, s.snapshot.labels, n.heed.syncs.Add(1), time.Now().UnixMilli()) {
		if s.event(p.Type, p.ID, events.Text(p)); s.err != nil {
			return
		}
	}
	s.snapshot = snapshot{}
}

// tell sends the events that wait.
func (s *stream) tell(queue *events.Queue) {
	batches, missed := queue.Take()
	for _, b := range batches {
		texts := b.Texts()
		for i, e := range b.Events() {
			if !s.filter[e.Type] {
				continue
			}
			if s.event(string(e.Type), e.ID, texts[i]); s.err != nil {
				return
			}
			s.node.heed.sent.Add(1)
		}
	}
	if missed > 0 {
		s.node.heed.cut.Add(1)
		s.cut("slow", missed)
	}
}

// errCut ends a stream that this node ends.
var errCut = errors.New("cut")

// cut ends the stream with an event that says why, and how many events there was no
// room for.
func (s *stream) cut(reason string, missed int) {
	s.write(fmt.Sprintf("event: cut\ndata: {\"type\":\"cut\",\"reason\":%q,\"missed\":%d}\n\n", reason, missed))
	if err := s.out.Flush(); s.err == nil {
		s.err = cmp.Or(err, errCut)
	}
}

// event sends one event.
func (s *stream) event(name, id string, data []byte) {
	s.write("event: " + name + "\nid: " + id + "\ndata: ")
	s.write(string(data))
	s.write("\n\n")
}

// write gives a consumer that does not read streamTime to go on.
func (s *stream) write(text string) {
	if s.err != nil {
		return
	}
	_ = s.out.SetWriteDeadline(time.Now().Add(streamTime)) // not every server can
	_, s.err = io.WriteString(s.w, text)
}
