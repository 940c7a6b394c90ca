package events

import (
	"sync"

	"github.com/rollcall-presence/rollcall/channels"
)

// Batch is what one step of a node made, shared by all who are told.
type Batch struct {
	Serial uint64 // grows from batch to batch
	size   int
	at     int64
	first  []Event // before those that are made of raw
	raw    []channels.Event
	labels map[channels.NodeID]string

	made   sync.Once
	events []Event

	encoded sync.Once
	texts   [][]byte
}

// NewBatch returns a batch of events, and then of what the view told, at Unix
// milliseconds, with the labels of the nodes where that happened. Nothing of it may
// change afterwards.
func NewBatch(serial uint64, at int64, first []Event, raw []channels.Event, labels map[channels.NodeID]string) *Batch {
	return &Batch{Serial: serial, size: len(first) + len(raw), at: at, first: first, raw: raw, labels: labels}
}

// Size returns about how many events the batch has.
func (b *Batch) Size() int { return b.size }

// Events returns the events, which are not to be changed. It may be called concurrently.
func (b *Batch) Events() []Event {
	b.made.Do(func() {
		b.events = b.first
		for i := range b.raw {
			b.events = Append(b.events, b.raw[i], b.at, b.labels)
		}
		b.first, b.raw = nil, nil
	})
	return b.events
}

// Texts returns the events as JSON, one for each of Events.
func (b *Batch) Texts() [][]byte {
	b.encoded.Do(func() {
		for _, e := range b.Events() {
			b.texts = append(b.texts, Text(e))
		}
	})
	return b.texts
}

// Queue holds what waits for one who listens. What came in one step is taken whole, or
// not at all: so it holds up to Max events, and besides these one batch of any size.
// Its methods may be called concurrently.
type Queue struct {
	max  int
	wake chan struct{} // has one element if there is something to take

	mu      sync.Mutex
	batches []*Batch
	size    int
	missed  int // events that there was no room for, after all in batches
}

// NewQueue returns an empty queue.
func NewQueue(max int) *Queue { return &Queue{max: max, wake: make(chan struct{}, 1)} }

// Add adds a batch, if there is room. Once there was none, there is none until the next
// Take: what is missing is missing in one place.
func (q *Queue) Add(b *Batch) (added bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if added = q.missed == 0 && q.size <= q.max; added {
		q.batches, q.size = append(q.batches, b), q.size+b.Size()
	} else {
		q.missed += b.Size()
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return added
}

// Wake returns a channel that has an element whenever something was added since Take.
func (q *Queue) Wake() <-chan struct{} { return q.wake }

// Take takes everything, and how many events there was no room for after that.
func (q *Queue) Take() (batches []*Batch, missed int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	batches, missed = q.batches, q.missed
	q.batches, q.size, q.missed = nil, 0, 0
	return batches, missed
}
