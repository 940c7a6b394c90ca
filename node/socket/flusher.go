package socket

import "sync"

// flusher writes for sockets that have something to write, with a few goroutines for
// all: they live while anything waits. None of them waits for the network: a socket that
// does not take all of it at once goes on in a goroutine of its own.
type flusher struct {
	most int // goroutines; fixed

	mu      sync.Mutex
	ready   []*Socket // from taken on, those that have something to write, in order
	taken   int
	running int // goroutines
}

// add has a socket written for.
func (f *flusher) add(s *Socket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = append(f.ready, s)
	if f.running < f.most {
		f.running++
		go f.run()
	}
}

// run writes until nothing waits.
func (f *flusher) run() {
	a := newAttempt()
	var batch [16]*Socket
	for n := f.take(batch[:]); n > 0; n = f.take(batch[:]) {
		for i, s := range batch[:n] {
			s.flush(a)
			batch[i] = nil
		}
	}
}

// take moves sockets into batch. If there are none the caller is no longer one
// of those who run.
func (f *flusher) take(batch []*Socket) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := copy(batch, f.ready[f.taken:])
	f.taken += n
	if 2*f.taken >= len(f.ready) {
		rest := copy(f.ready, f.ready[f.taken:])
		clear(f.ready[rest:])
		f.ready, f.taken = f.ready[:rest], 0
	}
	if n == 0 {
		f.running--
	}
	return n
}
