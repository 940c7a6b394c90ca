package limit

import (
	"errors"
	"slices"
	"sync"
)

// errBye ends a socket whose client wants that.
var errBye = errors.New("bye")

// hub is what the sockets have in common.
type hub struct {
	secret []byte
	wake   chan struct{} // there is something in the inbox

	mu    sync.Mutex // guards inbox
	inbox []event

	rooms map[string]*room // owned by flush
}

func newHub(secret []byte) *hub {
	return &hub{secret: secret, wake: make(chan struct{}, 1), rooms: map[string]*room{}}
}

// event is what a socket asked for.
type event struct {
	from    *peer
	kind    kind
	channel string
	id      uint64 // of the request
}

type kind uint8

const (
	join kind = iota
	leave
	gone // from all rooms, without an answer
)

func (h *hub) post(e event) {
	h.mu.Lock()
	h.inbox = append(h.inbox, e)
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// flush empties the inbox, and tells each room what changed in it.
func (h *hub) flush() {
	h.mu.Lock()
	events := h.inbox
	h.inbox = nil
	h.mu.Unlock()
	var changed []*room
	touch := func(r *room) *room {
		if !r.changed {
			r.changed = true
			changed = append(changed, r)
		}
		return r
	}
	for _, e := range events {
		switch e.kind {
		case join:
			touch(h.room(e.channel)).enter(e)
		case leave:
			touch(h.room(e.channel)).exit(e.from)
			e.from.write(frame(append(appendField([]byte(`{"type":"ok"`), "id", e.id), '}')))
		case gone:
			for _, r := range slices.Clone(e.from.rooms) {
				touch(r).exit(e.from)
			}
		}
	}
	for _, r := range changed {
		if r.tell(); len(r.members) == 0 {
			delete(h.rooms, r.channel)
		}
	}
}

func (h *hub) room(channel string) *room {
	r := h.rooms[channel]
	if r == nil {
		r = newRoom(channel)
		h.rooms[channel] = r
	}
	return r
}
