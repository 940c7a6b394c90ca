package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxLine bounds one line of a stream, in bytes. A node sends a sync in parts that
// stay far below it.
const maxLine = 16 << 20

// message is one server-sent event.
// See https://html.spec.whatwg.org/multipage/server-sent-events.html
type message struct {
	event string
	id    string
	data  string
}

// stream is one request for a node's events.
type stream struct {
	body  io.ReadCloser
	lines *bufio.Scanner
	quiet *time.Timer // ends the request if the node falls silent
	limit time.Duration
}

// connect asks a node for its events. If it then says nothing for as long as silence,
// not even that it is still there, the stream ends.
func connect(ctx context.Context, client *http.Client, url, key string, silence time.Duration) (*stream, error) {
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
	quiet := time.AfterFunc(silence, func() { cancel(fmt.Errorf("silent for %v", silence)) })
	answer, err := client.Do(request)
	if err != nil {
		quiet.Stop()
		cause := context.Cause(ctx)
		cancel(nil)
		return nil, errors.Join(cause, err)
	}
	if answer.StatusCode != http.StatusOK {
		defer cancel(nil)
		defer answer.Body.Close()
		quiet.Stop()
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return nil, fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(said)))
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &stream{body: closer{answer.Body, func() { quiet.Stop(); cancel(nil) }}, lines: lines, quiet: quiet, limit: silence}, nil
}

// closer closes a body and does one thing more.
type closer struct {
	io.ReadCloser
	also func()
}

func (c closer) Close() error {
	c.also()
	return c.ReadCloser.Close()
}

// close ends the stream.
func (s *stream) close() { _ = s.body.Close() }

// next returns the next message, an empty one if the node only said that it is still
// there, or [io.EOF] when it has ended the stream.
func (s *stream) next() (message, error) {
	var m message
	var data []string
	for s.lines.Scan() {
		s.quiet.Reset(s.limit)
		line := s.lines.Text()
		switch {
		case line == "" && len(data) > 0:
			m.data = strings.Join(data, "\n")
			return m, nil
		case line == "":
			m = message{}
			continue
		case line[0] == ':' && m == message{} && len(data) == 0:
			return m, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			m.event = value
		case "id":
			m.id = value
		case "data":
			data = append(data, value)
		}
	}
	if err := s.lines.Err(); err != nil {
		return m, err
	}
	return m, io.EOF
}
