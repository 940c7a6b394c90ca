package main

import (
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// silence judges whether a node has been silent for too long. It takes two ticks
// to say so: after a pause of this process, what the node sent meanwhile is
// waiting to be read.
type silence struct {
	timeout time.Duration
	late    int // ticks in a row
}

func newSilence(welcome *client.Message) *silence {
	timeout := time.Duration(welcome.Timeout) * time.Millisecond
	if timeout <= 0 {
		timeout = 13 * time.Second
	}
	return &silence{timeout: timeout}
}

func (s *silence) over(heard, now time.Time) bool {
	if now.Sub(heard) <= s.timeout {
		s.late = 0
		return false
	}
	s.late++
	return s.late >= 2
}
