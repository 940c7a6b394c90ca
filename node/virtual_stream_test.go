package node

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/node/events"
)

// consumer reads the events of one node from its admin address, and remembers them.
type consumer struct {
	w    *world
	stop context.CancelFunc
	over chan struct{} // closed when the stream has ended

	mu     sync.Mutex
	gate   chan struct{} // reading goes on once it is closed; nil: it does
	parts  []events.Part
	events []Event
	names  []string // of everything, in order
	alive  int      // comments
	last   string   // data of the newest
	bad    []string // ids and names that do not fit the data
}

// consume opens a stream of a node.
func (w *world) consume(n *virtual, query string) *consumer {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.host+":9090/v1/events"+query, nil)
	if err != nil {
		w.Fatal(err)
	}
	response, err := w.http.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		w.Fatalf("/v1/events%s answers %s as %q", query, response.Status, response.Header.Get("Content-Type"))
	}
	c := &consumer{w: w, stop: cancel, over: make(chan struct{})}
	go func() {
		defer close(c.over)
		defer response.Body.Close()
		c.read(bufio.NewReader(response.Body))
	}()
	return c
}

// read takes in the stream as its format wants it: fields up to an empty line.
func (c *consumer) read(in *bufio.Reader) {
	fields := map[string]string{}
	for {
		c.mu.Lock()
		gate := c.gate
		c.mu.Unlock()
		if gate != nil {
			<-gate
		}
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		if key, value, ok := strings.Cut(line, ": "); ok && key != "" {
			fields[key] = value
			continue
		}
		c.mu.Lock()
		if line == "" && len(fields) > 0 {
			c.take(fields)
			clear(fields)
		} else if line != "" {
			c.alive++
		}
		c.mu.Unlock()
	}
}

func (c *consumer) take(fields map[string]string) {
	name, data := fields["event"], fields["data"]
	c.names, c.last = append(c.names, name), data
	var e Event
	var p events.Part
	var err error
	switch name {
	case "sync":
		err = json.Unmarshal([]byte(data), &p)
		c.parts, e.ID, e.Type = append(c.parts, p), p.ID, events.Type(p.Type)
	default:
		err = json.Unmarshal([]byte(data), &e)
		c.events = append(c.events, e)
	}
	if err != nil || e.ID != fields["id"] || string(e.Type) != name {
		c.bad = append(c.bad, fmt.Sprintf("%v: %v", fields, err))
	}
}

// stall has the consumer read no more, or go on.
func (c *consumer) stall(stalled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if stalled {
		c.gate = make(chan struct{})
	} else {
		close(c.gate)
		c.gate = nil
	}
}

// end leaves the stream and waits until it is over.
func (c *consumer) end() {
	c.stop()
	<-c.over
	if len(c.bad) > 0 {
		c.w.Errorf("events that do not fit themselves: %q", c.bad)
	}
}

// stories returns the events as short lines.
func (c *consumer) stories() (lines []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.events {
		lines = append(lines, story(&c.events[i]))
	}
	return lines
}

// story says in a line what an event tells.
func story(e *Event) string {
	line := string(e.Type)
	for _, s := range []string{e.User, e.Channel, e.Status, e.Reason} {
		if s != "" {
			line += " " + s
		}
	}
	return line
}

// wantStories waits until a consumer was told just that, and of no more.
func (c *consumer) wantStories(want ...string) {
	c.w.Helper()
	c.w.until(fmt.Sprintf("the stream tells of %q", want), 2*time.Minute, func() bool { return len(c.stories()) >= len(want) })
	if got := c.stories(); !slices.Equal(got, want) {
		c.w.Errorf("the stream tells\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// synced waits for the first sync, all parts of it, and returns it as one.
func (c *consumer) synced() (all events.Part) {
	c.w.Helper()
	c.w.until("the stream begins with sync", time.Minute, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n := len(c.parts)
		return n > 0 && !c.parts[n-1].More
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.parts {
		all.Nodes = p.Nodes
		all.Sessions = append(all.Sessions, p.Sessions...)
		all.Users = append(all.Users, p.Users...)
		all.Members = append(all.Members, p.Members...)
	}
	return all
}
