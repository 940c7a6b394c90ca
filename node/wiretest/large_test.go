package wiretest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node"
)

// crowd joins many users to a channel, each on a socket of its own.
func (w *world) crowd(on *node.Node, channel string, n int, fields string) []*client {
	w.Helper()
	all := make([]*client, n)
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for i := part; i < n; i += 8 {
				user := fmt.Sprintf("user%03d~", i)
				c := w.dial(on)
				c.name = user
				c.send(`{"type":"hello","token":"`+w.token(user)+`"}`, `{"type":"join","id":1,"channel":"`+channel+`","mode":"count"`+fields+`}`)
				all[i] = c
			}
		})
	}
	wg.Wait()
	for _, c := range all {
		for c.next().Type != "roster" {
		}
	}
	return all
}

// parts receives a roster, and returns its last part and how many members each has.
func (c *client) parts() (last message, sizes []int) {
	c.Helper()
	for last.More = true; last.More; {
		m := c.next()
		if m.Type != "roster" || last.text != "" && (m.Version != last.Version || m.ID != last.ID || m.Count != last.Count) {
			c.Fatalf("%s: got %.200s after %.200s, want a part of the roster", c.name, m.text, last.text)
		}
		last, sizes = m, append(sizes, len(m.Members))
	}
	return last, sizes
}

func TestRosterPartsAreOf64KiBAtMost(t *testing.T) {
	w := newWorld(t)
	const n = 40
	w.crowd(here, "room~", n, `,"data":{"a":"`+letters(3500)+`"}`)
	watcher := w.hello(here, "watcher~")
	watcher.send(`{"type":"watch","channel":"room~"}`)
	m, sizes := watcher.parts() // the model looks at the bytes
	if len(sizes) < 3 || m.Count != n || m.ID != 0 {
		t.Errorf("parts of %v, the last %.200s; want several", sizes, m.text)
	}
}

func TestChannelAboveMaxRosterIsPartlyListedButHoldsTheJoiner(t *testing.T) {
	w := newWorld(t)
	var users []string
	var all []*client
	for i := range 7 {
		user := fmt.Sprintf("user%d~", i)
		c := w.hello(narrow, user)
		users = append(users, w.own(user))
		all = append(all, c)
		c.send(`{"type":"join","id":2,"channel":"room~"}`)
		m := c.next()
		listed := m.text
		if m.Count != i+1 || m.Partial != (i >= 5) || !strings.Contains(listed, users[i]) || len(m.Members) != min(i+1, 5+i/5) {
			t.Errorf("joiner %d got %s", i, listed)
		}
		for _, other := range all[:i] { // they follow on, listed or not
			other.seesJoin("room~", user)
		}
	}
	watcher := w.hello(narrow, "watcher~")
	watcher.send(`{"type":"watch","id":3,"channel":"room~"}`)
	if m := watcher.next(); m.Count != 7 || !m.Partial || len(m.Members) != 5 {
		t.Errorf("the watcher got %s, want 5 of 7 members", m.text)
	}
	counter := w.hello(narrow, "counter~")
	counter.ask(`{"type":"watch","id":4,"channel":"room~","mode":"count"}`, `{"type":"roster","id":4,"channel":"room~","version":"*","count":7,"more":false}`)
	for i, c := range all {
		c.send(`{"type":"bye"}`)
		m := watcher.next()
		if m.Type != "diff" || m.Count != 6-i || len(m.Leave) != 1 || m.Leave[0].User != users[i] {
			t.Errorf("got %s, want the leave of %s", m.text, users[i])
		}
	}
}

func TestFollowerOfTheCountIsToldNoMembers(t *testing.T) {
	w := newWorld(t)
	one, two := w.hello(here, "one~"), w.hello(here, "two~")
	one.send(`{"type":"join","id":1,"channel":"room~","mode":"count"}`)
	one.want(`{"type":"roster","id":1,"channel":"room~","version":"*","count":1,"more":false}`)
	two.send(`{"type":"watch","id":2,"channel":"room~","mode":"count"}`)
	two.want(`{"type":"roster","id":2,"channel":"room~","version":"*","count":1,"more":false}`)
	began := time.Now()
	for i := range 5 {
		w.hello(here, fmt.Sprintf("more%d~", i)).send(`{"type":"join","channel":"room~"}`)
	}
	told := 0
	for m := two.next(); m.Count != 6; m = two.next() {
		told++
	}
	if took := time.Since(began); told > 1+int(took.Seconds()) {
		t.Errorf("the count was told %d times within %v, want once a second", told+1, took)
	}
	two.send(`{"type":"sync","id":3,"channel":"room~"}`)
	two.want(`{"type":"roster","id":3,"channel":"room~","version":"*","count":6,"more":false}`)
}

func TestDataIsMeasuredWithoutSpaces(t *testing.T) {
	w := newWorld(t)
	c := w.hello(narrow, "alice~")
	c.join("room~", "alice~")
	within := `{ "a" :  "` + letters(92) + `" }` // 100 bytes without its spaces
	c.ask(`{"type":"update","id":2,"channel":"room~","data":`+within+`}`, `{"type":"ok","id":2}`)
	c.next()
	c.send(`{"type":"update","id":3,"channel":"room~","data":{"a":"` + letters(93) + `"}}`)
	c.wantError(3, "too_large")
	c.send(`{"type":"join","id":4,"channel":"other~","data":{"a":"` + letters(93) + `"}}`)
	c.wantError(4, "too_large")
	c.watch("other~")
}
