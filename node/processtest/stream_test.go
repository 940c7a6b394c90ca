//go:build unix

package processtest

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is an event, as a stream or a webhook tells it.
type told struct {
	ID, Type, User, Session, Channel, Reason, Status, Chosen string
	NodeID                                                   string
	Time                                                     int64 // Unix milliseconds
	Member                                                   struct{ Data json.RawMessage }
	More                                                     bool // of sync
}

func (e told) String() string {
	return fmt.Sprint(e.Type, " ", e.User, " ", e.Channel, " ", e.Session, " ", e.Reason, " ", e.Status, " ", e.Chosen, " ", string(e.Member.Data))
}

// stream reads the events of one node.
type stream struct {
	at *process

	mu      sync.Mutex     // guards the rest
	synced  bool           // what comes now are changes
	told    []told         // after the sync
	times   map[string]int // how often a type of a user was told
	err     error          // it is over
	changed chan struct{}  // closed with the next event
}

// streams opens a stream of each node, and returns when each has told what is now.
func (c *cluster) streams(nodes []*process) (all streams) {
	c.t.Helper()
	for _, p := range nodes {
		r, err := http.NewRequestWithContext(c.t.Context(), "GET", "http://"+p.admin+"/v1/events", nil)
		if err != nil {
			c.t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil || response.StatusCode != http.StatusOK {
			c.t.Fatalf("events of %s: %v %v", p.name, response, err)
		}
		s := &stream{at: p, times: map[string]int{}, changed: make(chan struct{})}
		over := make(chan struct{})
		go func() {
			defer close(over)
			s.read(response.Body)
		}()
		c.t.Cleanup(func() { <-over })
		all = append(all, s)
		s.await(c.t, "the sync", func() bool { return s.synced })
	}
	return all
}

// read takes events until the stream is over.
func (s *stream) read(body io.ReadCloser) {
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
			s.take(data)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = cmp.Or(s.err, lines.Err(), io.EOF)
	s.wake()
}

func (s *stream) take(data string) {
	var e told
	err := json.Unmarshal([]byte(data), &e)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.err = fmt.Errorf("%.100s: %w", data, err)
	case s.synced:
		s.told = append(s.told, e)
		s.times[e.Type+" "+e.User]++
	default:
		s.synced = !e.More
	}
	s.wake()
}

// wake wakes who waits. The caller holds mu.
func (s *stream) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits until ok, which is called with mu held.
func (s *stream) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		done, changed, err, n := ok(), s.changed, s.err, len(s.told)
		s.mu.Unlock()
		switch {
		case done:
			return
		case err != nil:
			t.Fatalf("events of %s, while waiting for %s: %v", s.at.name, what, err)
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("events of %s: not within %v: %s; %d were told", s.at.name, patience, what, n)
		}
	}
}

// all returns what was told so far.
func (s *stream) all() []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

// byUser returns the events of each user, repeats left out.
func byUser(all []told) map[string][]told {
	seen, of := map[string]bool{}, map[string][]told{}
	for _, e := range all {
		if e.User != "" && !seen[e.ID] {
			seen[e.ID] = true
			of[e.User] = append(of[e.User], e)
		}
	}
	return of
}

// missing returns the events of users that are not, word for word, among others.
func missing(from, others []told) (all []told) {
	there := map[string]bool{}
	for _, e := range others {
		there[e.ID+e.String()] = true
	}
	return slices.DeleteFunc(from, func(e told) bool { return e.User == "" || there[e.ID+e.String()] })
}

// streams are those of some nodes.
type streams []*stream

// await waits until each has told each user's event of a type so many times.
func (all streams) await(t *testing.T, users []string, kind string, times int) {
	t.Helper()
	for _, s := range all {
		for _, user := range users {
			s.await(t, fmt.Sprintf("%s of %s, number %d", kind, user, times), func() bool { return s.times[kind+" "+user] >= times })
		}
	}
}
