package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

const (
	minPause = 500 * time.Millisecond // longest wait before the first new try
	maxPause = 20 * time.Second       // and before any later one

	// dialTime is how long a node may take from the first packet to the
	// welcome, which waits until it knows its cluster.
	dialTime = 30 * time.Second

	// byeTime is how long a goodbye may take.
	byeTime = 2 * time.Second
)

// Close codes of the protocol that say how to come back, or not to.
const (
	codeBye          = 1000
	codeNotProtocol  = 4400
	codeUnauthorized = 4401
	codeKicked       = 4403
	codeResumed      = 4409
)

// watcher keeps a connection to one of some nodes.
type watcher struct {
	*watchCommand
	out     printer
	notes   io.Writer
	rosters client.Rosters

	// Owned by run.
	resume string // the session to go on with
	token  string // the last one that a node was shown
	next   int    // index of the address to try

	// Guarded by showing: while it moves, a watcher reads two connections.
	showing sync.Mutex
	seen    map[string]bool   // channels whose first roster has come
	lacks   map[string]string // by channel, what was said to be missing from its roster
	broken  bool              // nothing can be printed any more

	noting sync.Mutex // guards notes
}

func newWatcher(w *watchCommand, out printer, notes io.Writer) *watcher {
	return &watcher{watchCommand: w, out: out, notes: notes, seen: make(map[string]bool), lacks: make(map[string]string)}
}

// final is an error after which coming back is of no use.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// run connects again and again, until ctx ends or a node refuses for good.
func (w *watcher) run(ctx context.Context) error {
	if err := w.Token.check(); err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		began := time.Now()
		err := w.judge(w.connect(ctx))
		if ctx.Err() != nil {
			return nil
		}
		if forever := new(final); errors.As(err, forever) {
			return forever.error
		}
		if time.Since(began) > maxPause {
			attempt = 0 // it had held
		}
		w.next++
		pause := backoff(attempt)
		w.note("%v; trying again in %v", err, pause.Round(time.Millisecond))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// backoff returns how long to wait before a new try: anything up to a bound that
// doubles, so that the clients of a node that died do not come back together.
func backoff(attempt int) time.Duration {
	bound := min(minPause<<min(attempt, 10), maxPause)
	return rand.N(bound)
}

// connect follows the channels over one connection, and over those that take its place
// without a gap, and returns why the last one ended.
func (w *watcher) connect(ctx context.Context) error {
	token, err := w.Token.read()
	if err != nil {
		return err // the file may be back in a moment
	}
	w.token = token
	w.rosters.Reconnect()
	l, err := w.dial(ctx, w.address(), client.Hello{Token: token, Resume: w.resume}, nil)
	for err == nil {
		w.resume = l.Welcome().Session
		var next *link
		if next, err = l.follow(ctx); next == nil {
			w.leave(ctx, l.Client)
			return err
		}
		l = next
	}
	return err
}

func (w *watcher) address() string { return w.URL[w.next%len(w.URL)] }

// judge says whether it is of use to come back after err, and how.
func (w *watcher) judge(err error) error {
	refused := new(client.AnswerError)
	switch code := client.CloseCode(err); {
	case code == codeBye, code == codeNotProtocol, code == codeKicked:
		return final{err}
	case code == codeUnauthorized:
		if token, unread := w.Token.read(); unread != nil || token == w.token {
			return final{fmt.Errorf("the token is refused: %w", err)}
		}
	case code == codeResumed:
		w.resume = ""
	case code == -1 && errors.As(err, &refused) && !passing(refused.Code):
		return final{err}
	}
	return err
}

// passing tells the refusals that another node or another moment may not give.
func passing(code string) bool {
	return slices.Contains([]string{"draining", "internal", "rate_limited", "limit_reached"}, code)
}
