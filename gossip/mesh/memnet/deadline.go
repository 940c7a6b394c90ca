package memnet

import (
	"sync"
	"time"
)

// deadline is a moment that can be moved, like that of net.Pipe.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	moved  int // how often it was set: a timer of before does nothing
	passed chan struct{}
}

func newDeadline() *deadline { return &deadline{passed: make(chan struct{})} }

// wait returns a channel that is closed once the deadline has passed.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}

// set moves the deadline; the zero time means none.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.moved++
	select {
	case <-d.passed:
		d.passed = make(chan struct{})
	default:
	}
	switch left := time.Until(t); {
	case t.IsZero():
	case left <= 0:
		close(d.passed)
	default:
		moved := d.moved
		d.timer = time.AfterFunc(left, func() { d.expire(moved) })
	}
}

func (d *deadline) expire(moved int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.moved == moved {
		close(d.passed)
	}
}
