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

// stream sends how the cluster is, as server-sent events: at once, and then whenever it has changed.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
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
	var last []byte
	for said := time.Now(); ; {
		now, err := json.Marshal(s.cluster.Sight())
		if err != nil {
			panic(err) // it holds texts and numbers
		}
		text := []byte(":\n\n") // says nothing
		if !bytes.Equal(now, last) {
			text = fmt.Appendf(nil, "data: %s\n\n", now)
		}
		if len(text) > 3 || time.Since(said) >= quietTime {
			said, last = time.Now(), now
			_ = out.SetWriteDeadline(time.Now().Add(quietTime))
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
