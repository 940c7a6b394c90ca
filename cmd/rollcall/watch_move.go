package main

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// move makes the connection that takes the place of one whose node is going away. That
// one is followed meanwhile, so one try after another is made beside it. All but the
// dialing is done by follow.
type move struct {
	from   *link
	due    <-chan struct{}  // closed when it is time to begin
	again  <-chan time.Time // when it is time for the next try
	done   chan moved       // what became of one
	trying bool
	tries  int
}

// moved is a new connection, or why there is none.
type moved struct {
	to  *link
	err error
}

// begin tries the next address.
func (m *move) begin(ctx context.Context) {
	w := m.from.watcher
	m.due, m.again = nil, nil
	token, err := w.Token.read()
	if err != nil {
		m.done <- moved{err: err}
		return
	}
	w.token = token
	w.next++
	address := w.address()
	w.note("the node is going away; moving to %s", address)
	m.trying = true
	go func() {
		to, err := w.dial(ctx, address, client.Hello{Token: token}, m.from.Client)
		m.done <- moved{to, err}
	}()
}

// take returns the new connection, or an error after which there is none to hope for. If
// there may be one at another try, that is made after a while.
func (m *move) take(r moved) (*link, error) {
	m.trying = false
	if r.err == nil {
		return r.to, nil
	}
	if err := m.from.judge(r.err); errors.As(err, new(final)) {
		return nil, err
	}
	pause := backoff(m.tries)
	m.tries++
	m.from.note("%v; trying again in %v", r.err, pause.Round(time.Millisecond))
	m.again = time.After(pause)
	return nil, nil
}

// end returns what follow does once the old connection is over, for that reason: the new
// one if it is in the making, for that may be why.
func (m *move) end(ctx context.Context, err error) (*link, error) {
	if !m.trying {
		return nil, err
	}
	r := <-m.done // at most dialTime
	switch {
	case r.err != nil:
		return nil, err
	case ctx.Err() != nil:
		r.to.leave(ctx, r.to.Client)
		return nil, err
	}
	return r.to, nil
}
