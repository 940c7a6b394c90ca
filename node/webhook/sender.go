package webhook

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
)

// Bounds and times of sending.
const (
	MaxBatch = 100       // events of one request
	maxBody  = 1 << 20   // bytes of one request, about, unless one event alone has more
	maxBytes = 64 << 20  // of events that wait, and of those that are kept, about
	maxAge   = time.Hour // of events whose request fails

	firstPause = time.Second // after a request failed, the next time twice that
	mostPause  = time.Minute

	// overlap is by how much nodes may differ in what they have seen when one begins or
	// ends to serve.
	overlap = 2 * time.Second
)

// Standing is what a node is to the others.
type Standing uint8

const (
	Serving  Standing = iota + 1 // it knows the cluster, and stays
	Draining                     // it is about to go
	Left                         // it said goodbye
	Lost                         // it was given up
)

// Config says for whom a [Sender] decides.
type Config struct {
	Self channels.NodeID
	Keep time.Duration // how long what others are to send is kept: 2 × the timeout
	Rand *rand.Rand    // jitters pauses
}

// Sender decides what this node sends, and when. One caller at a time. Times passed in
// never go back.
type Sender struct {
	cfg    Config
	others map[channels.NodeID]*other
	begun  bool      // Nodes was called
	until  time.Time // this node counts itself; zero: always

	kept  list // what others are to send
	queue list // what this node is to send
	batch []*events.Event
	born  time.Time // when the oldest of batch was taken
	away  bool      // batch is being sent
	fails int       // of batch
	retry time.Time

	stats Stats
}

// Stats counts since the start.
type Stats struct {
	Senders   int    // nodes that share the sending, as far as this one knows
	Queued    int    // events that wait to be sent, or are being
	Kept      int    // events that others are to send
	Taken     uint64 // events that were this node's to send
	Adopted   uint64 // of these, from nodes that were lost
	Sent      uint64 // events that were answered well
	Failed    uint64 // requests that were not
	Dropped   uint64 // events that were too many, or too old
	Forgotten uint64 // events kept for less than was asked, because they were too many
}

// other is another node that may send.
type other struct {
	from   time.Time // it is counted
	drains bool      // it is not any more
}

// New returns a sender that knows of no other node.
func New(cfg Config) *Sender { return &Sender{cfg: cfg, others: map[channels.NodeID]*other{}} }

// Stats returns the counters.
func (s *Sender) Stats() Stats {
	s.stats.Queued, s.stats.Kept = len(s.queue.items)+len(s.batch), len(s.kept.items)
	return s.stats
}

// Nodes says what is known of the other nodes now. What those that died may not have
// sent is given to those that remain; those that say goodbye have sent it.
func (s *Sender) Nodes(now time.Time, standing map[channels.NodeID]Standing) {
	for id, is := range standing {
		if _, known := s.others[id]; is == Serving && !known {
			s.others[id] = &other{from: now.Add(overlap)}
			if !s.begun {
				s.others[id].from = now
			}
		}
	}
	s.begun = true
	gone := map[channels.NodeID]time.Time{} // what they were to send since then is given to others
	for id, o := range s.others {
		switch standing[id] {
		case Serving:
			continue
		case Draining:
			o.drains = true
			continue
		case Left:
			if !o.drains { // it had no time to tell everybody that it goes
				gone[id] = now.Add(-overlap)
			}
		default: // lost, maybe for so long that it is forgotten
			gone[id] = now.Add(-s.cfg.Keep)
		}
		delete(s.others, id)
	}
	if len(gone) > 0 {
		s.adopt(now, gone)
	}
	s.stats.Senders = len(s.serving(now))
}

// Drain says that this node is about to go: the others take over. What failed is tried
// again at once, and from then on after short pauses: there is no time for long ones.
func (s *Sender) Drain(now time.Time) {
	if s.until.IsZero() {
		s.until = now.Add(overlap)
	}
	s.retry = now
}

// Take takes events, in the order in which they were seen.
func (s *Sender) Take(now time.Time, all []events.Event) {
	nodes := s.serving(now)
	for i := range all {
		e := item{event: &all[i], at: now}
		if e.by = s.sender(e.event, nodes); e.by == s.cfg.Self {
			s.stats.Taken++
			s.enqueue(e)
		} else {
			s.stats.Forgotten += uint64(s.kept.add(e))
		}
	}
	s.kept.expire(now.Add(-s.cfg.Keep))
}

// Miss counts events that never got here.
func (s *Sender) Miss(events int) { s.stats.Dropped += uint64(events) }

// serving returns the nodes that are counted; this one if there is none.
func (s *Sender) serving(now time.Time) (nodes []channels.NodeID) {
	for id, o := range s.others {
		if !o.drains && !now.Before(o.from) {
			nodes = append(nodes, id)
		}
	}
	if s.until.IsZero() || now.Before(s.until) || len(nodes) == 0 {
		nodes = append(nodes, s.cfg.Self)
	}
	return nodes
}

// sender returns who sends an event. A node does not see its own coming and going, but
// for the beginning of a cluster, which nobody else sees.
func (s *Sender) sender(e *events.Event, nodes []channels.NodeID) channels.NodeID {
	switch e.Type {
	case events.ClusterStarted:
		return s.cfg.Self
	case events.NodeJoined, events.NodeLost:
		nodes = slices.DeleteFunc(slices.Clone(nodes), func(id channels.NodeID) bool { return id.String() == e.NodeID })
	}
	return choose(key(e), nodes)
}

// adopt gives what nodes that are gone may not have sent to others.
func (s *Sender) adopt(now time.Time, gone map[channels.NodeID]time.Time) {
	nodes := s.serving(now)
	kept := s.kept
	s.kept = list{}
	for _, e := range kept.items {
		since, is := gone[e.by]
		if is && !e.at.Before(since) {
			if e.by = s.sender(e.event, nodes); e.by == s.cfg.Self {
				s.stats.Taken++
				s.stats.Adopted++
				s.enqueue(e)
				continue
			}
		}
		s.kept.add(e)
	}
}

func (s *Sender) enqueue(e item) { s.stats.Dropped += uint64(s.queue.add(e)) }

// Next returns the batch to be sent now; nil: none. Then wait says for how long there
// will be none unless something is taken; 0: for ever. Each batch is answered by [Sender.Done].
func (s *Sender) Next(now time.Time) (batch []*events.Event, wait time.Duration) {
	switch {
	case s.away:
		return nil, 0
	case s.batch == nil && len(s.queue.items) == 0:
		return nil, 0
	case now.Before(s.retry):
		return nil, s.retry.Sub(now)
	case s.batch == nil:
		s.batch, s.born = s.queue.take()
	}
	s.away = true
	return s.batch, 0
}

// Done says whether the batch arrived. One that did not is sent again after a pause, in
// its place before all others, unless it has become too old.
func (s *Sender) Done(now time.Time, arrived bool) {
	s.away = false
	switch {
	case arrived:
		s.stats.Sent += uint64(len(s.batch))
		s.batch, s.fails = nil, 0
		return
	case now.Sub(s.born) >= maxAge:
		s.stats.Dropped += uint64(len(s.batch))
		s.batch = nil
	}
	s.stats.Failed++
	most := mostPause
	if !s.until.IsZero() {
		most = firstPause
	}
	pause := min(firstPause<<min(s.fails, 16), most)
	s.fails++
	s.retry = now.Add(pause/2 + time.Duration(s.cfg.Rand.Int64N(int64(pause/2)+1)))
}
