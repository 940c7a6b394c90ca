package dev

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// lookEvery is how often the cluster is looked at for a stream.
	lookEvery = 200 * time.Millisecond

	// quietTime is how long nothing is sent at most, so that a page that is gone is noticed.
	quietTime = 15 * time.Second

	// maxStreams bounds the streams, and so what it costs to look.
	maxStreams = 100
)

// stream sends, as server-sent events, how the cluster is and who is in a room, by which devices:
// each at once, and then whenever it has changed. It looks at all of it each time: whatever is
// asked for only on some hint stays old when the hint came a moment too early.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	room := r.URL.Query().Get("room")
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		refuse(w, http.StatusServiceUnavailable, "limit_reached", fmt.Sprintf("there are %d streams already", maxStreams))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	told := told{}
	for said := time.Now(); ; {
		text := told.news("cluster", s.cluster.Sight())
		if people, ok := s.cluster.People(room); ok {
			text = append(text, told.news("people", people)...)
		}
		if len(text) == 0 && time.Since(said) >= quietTime {
			text = []byte(":\n\n") // says nothing
		}
		if len(text) > 0 {
			said = time.Now()
			_ = out.SetWriteDeadline(said.Add(quietTime))
			if _, err := w.Write(text); err != nil || out.Flush() != nil {
				return
			}
		}
		select {
		case <-look.C:
		case <-r.Context().Done():
			return
		case <-s.ending.Done():
			return
		}
	}
}

// told is what a stream has told last, by the name of the event.
type told map[string][]byte

// news returns the event that tells how something is now; nil: that was told already.
func (t told) news(event string, now any) []byte {
	data, err := json.Marshal(now)
	if err != nil {
		panic(err) // it holds texts and numbers
	}
	if bytes.Equal(data, t[event]) {
		return nil
	}
	t[event] = data
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, data)
}
