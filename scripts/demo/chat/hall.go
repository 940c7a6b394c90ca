package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"
)

// Bounds of the hall.
const (
	kept       = 100   // messages, for who comes later
	maxText    = 1000  // of one message, in bytes
	maxReaders = 1_000 // at the same time
	perSecond  = 20    // messages, of all together
	burst      = 100
)

// breath is the time between two signs of life to a reader, shorter than the patience of proxies.
const breath = 15 * time.Second

// message is what somebody said.
type message struct {
	ID   int64  `json:"id"` // grows, over restarts too
	User string `json:"user"`
	Text string `json:"text"`
	At   int64  `json:"at"` // Unix milliseconds
}

// hall holds the last messages, and wakes who reads them. Each reader knows the last message
// that it has, so there is no queue for it.
type hall struct {
	limit *rate.Limiter

	mu       sync.Mutex // guards the rest
	messages []message  // the last ones, at most kept
	last     int64      // ID
	readers  int
	news     chan struct{} // closed at the next message
}

func newHall() *hall {
	return &hall{limit: rate.NewLimiter(perSecond, burst), last: time.Now().UnixMilli(), news: make(chan struct{})}
}

// say adds a message.
func (h *hall) say(user, text string) message {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	m := message{ID: h.last, User: user, Text: text, At: time.Now().UnixMilli()}
	if len(h.messages) == kept {
		h.messages = append(h.messages[:0], h.messages[1:]...)
	}
	h.messages = append(h.messages, m)
	close(h.news)
	h.news = make(chan struct{})
	return m
}

// after returns the messages after one, and what is closed when there are more.
func (h *hall) after(id int64) (found []message, news <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.messages {
		if m.ID > id {
			found = append(found, m)
		}
	}
	return found, h.news
}

// enter counts a reader, unless there are too many.
func (h *hall) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readers == maxReaders {
		return false
	}
	h.readers++
	return true
}

func (h *hall) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readers--
}

// post takes a message of a user.
func (h *hall) post(w http.ResponseWriter, r *http.Request, user string) {
	var said struct {
		Text string `json:"text"`
	}
	if !read(w, r, &said) {
		return
	}
	text := strings.TrimSpace(said.Text)
	switch {
	case text == "" || len(text) > maxText || !utf8.ValidString(text):
		http.Error(w, fmt.Sprintf("want a text of 1 to %d bytes", maxText), http.StatusBadRequest)
	case !h.limit.Allow():
		http.Error(w, "too many messages", http.StatusTooManyRequests)
	default:
		answer(w, h.say(user, text))
	}
}

// stream sends messages as server-sent events: those after the one that the reader has, then
// each as it comes.
func (h *hall) stream(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		http.Error(w, "too many readers", http.StatusServiceUnavailable)
		return
	}
	defer h.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	tick := time.NewTicker(breath)
	defer tick.Stop()
	for id := lastOf(r); ; {
		found, news := h.after(id)
		var text strings.Builder
		for _, m := range found {
			data, _ := json.Marshal(m) // of strings and numbers
			fmt.Fprintf(&text, "id: %d\ndata: %s\n\n", m.ID, data)
			id = m.ID
		}
		if len(found) == 0 {
			text.WriteString(":\n\n")
		}
		_ = out.SetWriteDeadline(time.Now().Add(2 * breath))
		if _, err := w.Write([]byte(text.String())); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-news:
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

// lastOf is the last message that a reader has: a browser that reconnects by itself says so in
// a header, a page that begins to read in the query.
func lastOf(r *http.Request) int64 {
	for _, text := range []string{r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")} {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			return id
		}
	}
	return 0
}
