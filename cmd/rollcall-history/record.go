package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/store"
	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/stream"
)

const (
	// maxWaiting is how many changes wait for the database. When it is away for longer, the
	// stream is given up, and asked for again when there is room: its sync makes up for
	// what was missed, but for connections that came and went meanwhile.
	maxWaiting = 100_000

	// maxBatch is how many changes are written in one transaction.
	maxBatch = 500

	// silence is how long a node may say nothing: it says every 15s that it is there.
	silence = 45 * time.Second

	// writeTime bounds one write. A sync of a million sessions takes some ten seconds.
	writeTime = 2 * time.Minute

	// nameEvery is how often it is noted which nodes are there: a node says more often
	// than that that it is still there, so the stream is never silent for longer.
	nameEvery = time.Minute

	minPause = 250 * time.Millisecond // between two attempts at a node or the database
	maxPause = 5 * time.Second
)

// recorder keeps a store up with the events of a cluster.
type recorder struct {
	urls   []string // admin addresses of nodes
	key    string
	resync time.Duration // how often the whole truth is asked for anew
	store  *store.Store
	log    *slog.Logger
	client *http.Client

	queue chan item // from the reader to the writer
}

// item is one thing to write: nodes that are there, if that is not nil, else what was told.
type item struct {
	names *names
	stream.Item
}

type names struct {
	nodes []string
	at    int64
}

// run records until ctx ends. Nothing else ends it: nodes and the database may come
// and go.
func (r *recorder) run(ctx context.Context) {
	r.queue = make(chan item, maxWaiting)
	var writer sync.WaitGroup
	writer.Go(func() { r.write(ctx) })
	defer writer.Wait()
	defer close(r.queue)
	var pause pause
	for n := 0; ; n++ {
		url := r.urls[n%len(r.urls)]
		began := time.Now()
		err := r.follow(ctx, url)
		if ctx.Err() != nil {
			return
		}
		r.log.Warn("the stream of events ended", "node", url, "reason", err)
		if time.Since(began) > maxPause {
			pause.reset()
		}
		if !pause.wait(ctx) {
			return
		}
	}
}

var (
	errResync = errors.New("time for a fresh sync")
	errFull   = errors.New("the database is too slow, or away for too long")
)

// follow records the events of one node until its stream ends.
func (r *recorder) follow(ctx context.Context, url string) error {
	s, err := stream.Connect(ctx, r.client, url, r.key, silence)
	if err != nil {
		return err
	}
	defer s.Close()
	again, name := time.Now().Add(r.resync), time.Now().Add(nameEvery)
	for {
		told, err := s.Next()
		if errors.Is(err, io.EOF) {
			return errors.New("the node ended it")
		}
		if err != nil {
			return err
		}
		if told != nil {
			if told.Sync != nil {
				r.log.Info("recording", "node", url, "nodes", len(told.Sync.Nodes), "sessions", len(told.Sync.Sessions))
			}
			if err := r.put(ctx, item{Item: *told}); err != nil {
				return err
			}
		}
		switch now := time.Now(); {
		case now.After(again):
			return errResync
		case now.After(name):
			name = now.Add(nameEvery)
			if err := r.put(ctx, item{names: &names{s.Nodes(), now.UnixMilli()}}); err != nil {
				return err
			}
		}
	}
}

// put hands an item to the writer. Only a sync waits for room: it is what heals.
func (r *recorder) put(ctx context.Context, it item) error {
	if it.Sync == nil {
		select {
		case r.queue <- it:
			return nil
		default:
			return errFull
		}
	}
	select {
	case r.queue <- it:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write writes what is in the queue, in its order, until that is closed and empty, or
// ctx has ended and the database fails.
func (r *recorder) write(ctx context.Context) {
	for it := range r.queue {
		batch, next := r.batch(it)
		ok := r.persist(ctx, func(ctx context.Context) error { return r.store.Write(ctx, batch) })
		switch {
		case !ok:
			return
		case next.Sync != nil:
			ok = r.persist(ctx, func(ctx context.Context) error { return r.settle(ctx, *next.Sync) })
		case next.names != nil:
			ok = r.persist(ctx, func(ctx context.Context) error { return r.store.Name(ctx, next.names.at, next.names.nodes...) })
		}
		if !ok {
			return
		}
	}
}

func (r *recorder) settle(ctx context.Context, is stream.Sync) error {
	closed, err := r.store.Settle(ctx, is)
	if closed > 0 {
		r.log.Info("closed connections that ended while nobody recorded", "count", closed)
	}
	return err
}

// batch takes more of what waits, up to maxBatch changes, or to what is none.
func (r *recorder) batch(first item) (changes []stream.Change, next item) {
	for it := first; ; {
		if it.Sync != nil || it.names != nil {
			return changes, it
		}
		if changes = append(changes, it.Change); len(changes) == maxBatch {
			return changes, item{}
		}
		select {
		case more, ok := <-r.queue:
			if !ok {
				return changes, item{}
			}
			it = more
		default:
			return changes, item{}
		}
	}
}

// persist writes until the database has taken it. Once ctx has ended a failure is the last:
// false.
func (r *recorder) persist(ctx context.Context, write func(context.Context) error) bool {
	var pause pause
	for {
		err := r.attempt(ctx, write)
		if err == nil {
			return true
		}
		r.log.Warn("the database fails", "reason", err)
		if !pause.wait(ctx) {
			return false
		}
	}
}

// attempt bounds one write: a database may be cut off without a word.
func (r *recorder) attempt(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	return write(ctx)
}

// pause is a growing one, with jitter.
type pause struct{ last time.Duration }

func (p *pause) reset() { p.last = 0 }

// wait waits; false: ctx has ended.
func (p *pause) wait(ctx context.Context) bool {
	p.last = min(max(2*p.last, minPause), maxPause)
	select {
	case <-time.After(p.last/2 + rand.N(p.last/2)):
		return true
	case <-ctx.Done():
		return false
	}
}
