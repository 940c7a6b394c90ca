package webhook

import (
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
)

// item is an event, when it was seen and who is to send it.
type item struct {
	event *events.Event
	at    time.Time
	by    channels.NodeID
}

// list is events in the order in which they were seen, up to maxBytes of them.
type list struct {
	items []item
	bytes int
}

// add adds an event, and drops as many of the oldest as it takes.
func (l *list) add(e item) (dropped int) {
	l.items, l.bytes = append(l.items, e), l.bytes+weight(e.event)
	for ; l.bytes > maxBytes && len(l.items) > 1; dropped++ {
		l.drop()
	}
	return dropped
}

// expire drops what was seen before a time.
func (l *list) expire(before time.Time) {
	for len(l.items) > 0 && l.items[0].at.Before(before) {
		l.drop()
	}
}

// drop drops the oldest. What is before it in memory goes when the list grows.
func (l *list) drop() {
	l.bytes -= weight(l.items[0].event)
	l.items[0] = item{}
	if l.items = l.items[1:]; len(l.items) == 0 {
		l.items = nil
	}
}

// take takes the oldest events, as many as go into one request, and says when the first
// was seen.
func (l *list) take() (batch []*events.Event, at time.Time) {
	at = l.items[0].at
	for bytes := 0; len(l.items) > 0 && len(batch) < MaxBatch; {
		e := l.items[0].event
		if bytes += weight(e); bytes > maxBody && len(batch) > 0 {
			break
		}
		batch = append(batch, e)
		l.drop()
	}
	return batch, at
}
