package load

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// waits are clients whose events somebody waits for.
type waits struct {
	mu sync.Mutex // guards by
	by map[*client]chan event
}

func (w *waits) open(one *client) <-chan event {
	heard := make(chan event, 4)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by[one] = heard
	return heard
}

func (w *waits) close(one *client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.by, one)
}

// hear hands on what is waited for; joins and leaves are not.
func (w *waits) hear(e event) {
	if e.kind == joined || e.kind == left || e.kind == counted {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.by[e.client] <- e: // none, if nobody waits
	default:
	}
}

// await returns once a client was told something, and when that was read.
func await(ctx context.Context, heard <-chan event, what kind) (time.Time, error) {
	for {
		select {
		case e := <-heard:
			if e.kind == what {
				return e.at, nil
			}
			if e.kind == lost {
				return e.at, fmt.Errorf("%s lost its connection: %w", e.client.name(), e.err)
			}
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}
