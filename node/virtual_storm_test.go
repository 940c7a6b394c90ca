package node

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

const (
	stormTabs     = 40
	stormUsers    = 25 // fewer than tabs: some have several
	stormChannels = 5
	stormRounds   = 400
)

// storm is sockets that do whatever they like, and the truth about them.
type storm struct {
	*world
	tabs []*stormTab
}

// stormTab is a socket and what it follows: as a member, or not.
type stormTab struct {
	*tab
	follows map[string]bool
	stalled bool
}

// TestStormOfRequests lets sockets join, watch, leave, update and sync at random in
// frames of several requests, break, move and pause. Versions have no gap on any
// socket, answers come in the order of the requests, and when it is quiet every roster,
// made of diffs, is the truth and what a fresh sync says.
func TestStormOfRequests(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, seed, func(w *world) {
				w.cluster(3)
				s := &storm{world: w}
				for i := range stormTabs {
					s.tabs = append(s.tabs, &stormTab{tab: w.open(w.nodes[i%3], fmt.Sprint("user-", i%stormUsers)), follows: map[string]bool{}})
				}
				for range stormRounds {
					s.round(s.tabs[w.rng.IntN(len(s.tabs))])
					time.Sleep(time.Duration(w.rng.IntN(15)) * time.Millisecond)
				}
				s.calm()
			})
		})
	}
}

// round has one socket do something.
func (s *storm) round(b *stormTab) {
	switch what := s.rng.IntN(40); {
	case what == 0: // moves to another node without a goodbye, and forgets
		b.cut()
		*b = stormTab{tab: s.open(s.nodes[s.rng.IntN(3)], b.user), follows: map[string]bool{}}
	case what < 4:
		b.stalled = !b.stalled
		b.stall(b.stalled)
	default:
		requests := make([]client.Request, 1+s.rng.IntN(6))
		for i := range requests {
			requests[i] = s.request(b)
		}
		b.ask(requests...)
	}
}

// request makes up a request, and does to the truth what it will do.
func (s *storm) request(b *stormTab) client.Request {
	r := client.Request{Channel: fmt.Sprint("room.", s.rng.IntN(stormChannels))}
	r.Type = []string{"join", "join", "watch", "leave", "sync", "update"}[s.rng.IntN(6)]
	member, follows := b.follows[r.Channel]
	switch r.Type {
	case "join":
		b.follows[r.Channel] = true
	case "watch":
		b.follows[r.Channel] = member
	case "leave":
		delete(b.follows, r.Channel)
	case "update":
		if !member {
			r.Type = "watch"
			b.follows[r.Channel] = false
			return r
		}
		r.Data = data(s.rng.IntN(2000), s.rng.Int())
	case "sync":
		if !follows {
			r.Type = "leave"
		}
	}
	return r
}

// calm waits until all is done, and compares what each socket knows with the truth.
func (s *storm) calm() {
	for _, b := range s.tabs {
		b.stall(false)
	}
	time.Sleep(time.Minute) // longer than the grace of sockets that broke
	truth := map[string]map[string]bool{}
	for _, b := range s.tabs {
		for channel, member := range b.follows {
			if truth[channel] == nil {
				truth[channel] = map[string]bool{}
			}
			if member {
				truth[channel][b.user] = true
			}
		}
	}
	rosters := 0
	for _, b := range s.tabs {
		for channel := range b.follows {
			rosters++
			users := slices.Sorted(maps.Keys(truth[channel]))
			b.wantUsers(channel, users...)
			before, _ := b.rosters.Roster(channel)
			b.do(client.Request{Type: "sync", Channel: channel})
			after, _ := b.rosters.Roster(channel)
			if changes := client.Difference(&before, &after); !changes.None() || before.Version != after.Version {
				s.Errorf("%s: a fresh roster of %s differs in %d joins, %d updates, %d leaves, versions %d and %d", b.user, channel,
					len(changes.Join), len(changes.Update), len(changes.Leave), before.Version, after.Version)
			}
		}
		b.wantSound()
		if n := b.unanswered(); n > 0 {
			s.Errorf("%s has no answer to %d requests", b.user, n)
		}
	}
	if rosters < stormTabs {
		s.Errorf("%d rosters were compared, want more", rosters)
	}
}
