// Package stream reads what a node tells of connections, for whoever keeps it.
//
// A [Reader] is one request for a node's events. Its lines become messages, as the standard
// of server-sent events has them (message.go), and these become what is to be kept, as
// node/EVENTS.md tells them (decode.go). No database is known here, so that all this can be
// fuzzed: a coverage build of SQLite takes longer than anybody waits.
package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Reader reads the events of one node. Only Close may be called concurrently.
type Reader struct {
	body     io.Closer
	messages *messages
	decoder  decoder
}

// Connect asks a node for its events. If it then says nothing for as long as silence,
// not even that it is still there, the stream ends. Close it in the end.
func Connect(ctx context.Context, client *http.Client, url, key string, silence time.Duration) (*Reader, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/v1/events?types="+types, nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	b := newBody(silence, cancel)
	answer, err := client.Do(request)
	if err != nil {
		cause := context.Cause(ctx)
		b.Close()
		return nil, errors.Join(cause, err)
	}
	b.ReadCloser = answer.Body
	if answer.StatusCode != http.StatusOK {
		defer b.Close()
		said, _ := io.ReadAll(io.LimitReader(b, 1000))
		return nil, fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(said)))
	}
	return newReader(b), nil
}

func newReader(body io.ReadCloser) *Reader {
	return &Reader{body: body, messages: newMessages(body), decoder: decoder{nodes: map[string]bool{}}}
}

// Next waits for the node to say something, and returns what that gives to keep: often
// nothing, which is nil. [io.EOF] means that the node has ended the stream. After an error
// there is nothing more.
func (r *Reader) Next() (*Item, error) {
	m, err := r.messages.next()
	if err != nil {
		return nil, err
	}
	return r.decoder.decode(m)
}

// Nodes returns the ids of the nodes that are there, as far as the stream has told.
func (r *Reader) Nodes() []string { return slices.Collect(maps.Keys(r.decoder.nodes)) }

// Close ends the stream.
func (r *Reader) Close() { _ = r.body.Close() }

// body is that of an answer, whose request ends when nothing came for a while.
type body struct {
	io.ReadCloser
	quiet   *time.Timer
	silence time.Duration
	cancel  context.CancelCauseFunc
}

// newBody begins to wait for the answer.
func newBody(silence time.Duration, cancel context.CancelCauseFunc) *body {
	quiet := time.AfterFunc(silence, func() { cancel(fmt.Errorf("silent for %v", silence)) })
	return &body{http.NoBody, quiet, silence, cancel}
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.quiet.Reset(b.silence)
	}
	return n, err
}

func (b *body) Close() error {
	b.quiet.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}
