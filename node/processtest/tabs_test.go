//go:build unix

package processtest

import (
	"testing"
	"time"
)

// overAll is after which a session that broke is over, whatever ended it: its
// grace, or the timeout where its socket had to be missed first.
func (p pace) overAll() time.Duration { return p.timeout + p.grace + late }

func TestClosingOneOfTwoTabsOnTwoNodesIsNoEvent(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, fast)
	all := c.watchAll(c.nodes, "room")
	for _, tt := range []struct {
		name string
		end  func(*tab) error
	}{
		{"bye", (*tab).bye},
		{"broken TCP", func(tab *tab) error { tab.Break(); return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := c.in(t)
			first := c.tab(c.nodes[0], c.name("user"), "room", "")
			all.awaitEach(t, "join", []string{first.user})
			second := c.tab(c.nodes[1], first.user, "room", "")
			all.mark(c, c.nodes) // now every node knows of both
			for _, w := range all {
				if events := w.flush(); len(events) != 1 {
					t.Errorf("%s had events %v, want one join", w.name, events)
				}
			}
			if err := tt.end(first); err != nil {
				t.Fatal(err)
			}
			all.nothingHappened(c, c.nodes)
			all.nothingHappensWithin(c, c.nodes, c.pace.overAll())
			all.awaitRoster(t, []string{second.user})

			if err := second.bye(); err != nil {
				t.Fatal(err)
			}
			all.awaitEach(t, "leave", []string{second.user})
			for _, w := range all {
				w.flush()
			}
		})
	}
}

func TestReloadOntoAnotherNodeIsNoEvent(t *testing.T) {
	t.Parallel()
	p := fast
	p.grace = 2 * time.Second // so that 30 users are back in time on a busy machine
	c := newCluster(t, 3, p)
	for _, tt := range []struct {
		name                string
		resume, halfOpen    bool
		wantCodeOfOldSocket int
	}{
		{"with resume", true, false, -1},
		{"without resume", false, false, -1},
		{"with resume while the old socket is half-open", true, true, 4409},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := c.in(t)
			channel := c.name("room")
			all := c.watchAll(c.nodes, channel)
			var before []*tab
			for _, p := range c.nodes {
				before = append(before, c.tabs(10, p, "user", channel)...)
			}
			all.awaitRoster(t, users(before))
			for _, w := range all {
				w.flush()
			}
			after := make([]*tab, len(before))
			each(t, len(before), func(i int) (err error) {
				old, session, begin := before[i], "", time.Now()
				if tt.resume {
					session = old.session()
				}
				if !tt.halfOpen {
					old.Break()
				}
				after[i], err = c.open(t.Context(), c.nodes[(i/10+1)%3], old.user, channel, session)
				if took := time.Since(begin); took > p.grace {
					t.Errorf("this machine is too busy: %s was back only after %v, grace is %v", old.user, took, p.grace)
				}
				return err
			})
			defer func() {
				for _, tab := range after {
					tab.Break()
				}
			}()
			for _, old := range before {
				<-old.Done()
				if code := clientCode(old); code != tt.wantCodeOfOldSocket {
					t.Errorf("the old socket of %s ended with %d, want %d", old.user, code, tt.wantCodeOfOldSocket)
				}
			}
			all.nothingHappened(c, c.nodes)
			all.nothingHappensWithin(c, c.nodes, p.overAll())
			all.awaitRoster(t, users(before))
		})
	}
}
