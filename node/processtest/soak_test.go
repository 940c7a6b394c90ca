//go:build unix

package processtest

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

var (
	soakTime = flag.Duration("soak", 0, "how long the soak lasts; 0: there is none")
	soakRate = flag.Int("soak.rate", 1000, "joins a second, and as many leaves")
)

const (
	soakers   = 300              // clients, each of a user of her own
	soakRooms = 100              // in which they come and go, besides one where they stay
	lapEvery  = 30 * time.Second // how often the nodes are looked at, and some node is harmed
)

// TestSoak has users join and leave on three nodes at a steady rate while nodes are killed,
// stopped and held still, all but the first. At the end every node shows exactly who is
// there, and the first has grown by nothing.
func TestSoak(t *testing.T) {
	if *soakTime == 0 {
		t.Skip("takes half an hour; run with -soak 30m")
	}
	c := newCluster(t, 3, slow, "--log-level=warn")
	s := &soak{cluster: c, roamers: newRoamers(c)}
	s.roamers.reloads = time.Minute // or all would come to be on the node that lives
	all := c.watchAll(c.nodes[:1], "room")
	var names []string
	for i := range soakers {
		name := c.name("soaker")
		names = append(names, name)
		s.roamers.roam(i, name, func(at *process, resume string, old *client.Client) (*client.Client, error) {
			return s.come(at, name, resume, old)
		})
	}
	s.roamers.awaitHome(t)
	all.awaitRoster(t, names)
	all[0].flush()
	close(s.roamers.begin)

	laps := s.harm(time.Now().Add(*soakTime))
	s.over.Store(true)
	s.roamers.calm.Store(true)
	c.awaitWhole()
	s.roamers.awaitHome(t)
	s.busy.Wait()
	t.Logf("%d joins and %d leaves, %d requests cut off by a node that went", s.joins.Load(), s.leaves.Load(), s.failed.Load())
	<-time.After(c.pace.overAll()) // only until it is time to look
	s.expectTruth(names)
	all.awaitRoster(t, names)
	s.verify()
	all[0].excuse(&s.roamers.late)
	if events := all[0].flush(); len(events) > 0 {
		t.Errorf("%s was told %d events of those who stayed: %.600v", all[0].name, len(events), events)
	}
	expectFlat(t, laps)
}

type soak struct {
	*cluster
	roamers *roamers
	over    atomic.Bool // nobody comes or goes any more
	busy    sync.WaitGroup

	joins, leaves, failed atomic.Int64
}

// come has a user come to a node, stay in one room, and come and go in others.
func (s *soak) come(at *process, name, resume string, old *client.Client) (*client.Client, error) {
	tab, err := s.move(s.roamers.ctx, at, name, "room", resume, old)
	if err != nil {
		return nil, err
	}
	s.busy.Go(func() { s.rush(tab.Client) })
	return tab.Client, nil
}

// rush joins and leaves rooms until the connection ends, or the soak is over.
func (s *soak) rush(conn *client.Client) {
	again := time.NewTicker(time.Second * soakers / time.Duration(*soakRate))
	defer again.Stop()
	for !s.over.Load() {
		room := fmt.Sprint("soak.", rand.IntN(soakRooms))
		for i, kind := range []string{"join", "leave"} {
			ctx, cancel := context.WithTimeout(s.roamers.ctx, patience)
			_, err := conn.Do(ctx, client.Request{Type: kind, Channel: room})
			cancel()
			if err != nil {
				s.failed.Add(1)
				return
			}
			[]*atomic.Int64{&s.joins, &s.leaves}[i].Add(1)
		}
		select {
		case <-again.C:
		case <-conn.Done():
			return
		}
	}
}

// lap is the first node as it is now and then.
type lap struct{ memory, goroutines, files float64 }

// harm does something to one of the nodes but the first, again and again, and returns how
// the first was meanwhile.
func (s *soak) harm(until time.Time) (laps []lap) {
	for n := 0; time.Now().Before(until); n++ {
		p := s.nodes[1+rand.IntN(len(s.nodes)-1)]
		what := []string{"killed", "stopped", "held still"}[n%3]
		switch what {
		case "killed":
			p.signal(syscall.SIGKILL)
			p.wait(patience)
			p.start()
		case "stopped":
			p.signal(syscall.SIGTERM)
			p.wait(2*s.pace.grace + stopBound)
			p.start()
		case "held still":
			p.pause(s.pace.grace / 2)
		}
		<-time.After(lapEvery) // the soak itself
		m := s.nodes[0].metrics()
		laps = append(laps, lap{m[resident] / (1 << 20), m["go_goroutines"], m["process_open_fds"]})
		s.t.Logf("%s %s; %d joins and %d reloads so far; node %s: %.0f MiB, %.0f goroutines, %.0f files", p.name, what, s.joins.Load(),
			s.roamers.reloaded.Load(), s.nodes[0].name, laps[n].memory, laps[n].goroutines, laps[n].files)
	}
	return laps
}

// expectTruth demands that every node lists everybody in the room where they stay, and
// nobody in those where they came and went.
func (s *soak) expectTruth(names []string) {
	s.t.Helper()
	for _, p := range s.nodes {
		for i := range soakRooms + 1 {
			room, want := fmt.Sprint("soak.", i), []string{}
			if i == soakRooms {
				room, want = "room", names
			}
			w := s.watch(p, room)
			w.awaitRoster(s.t, want)
		}
	}
}

// verify has rollcall verify say that no node shows what none holds, or hides what one does.
func (s *soak) verify() {
	s.t.Helper()
	args := []string{"verify"}
	for _, p := range s.nodes {
		args = append(args, "--admin=http://"+p.admin)
	}
	out, err := exec.Command(rollcall, args...).CombinedOutput()
	if err != nil {
		s.t.Errorf("rollcall verify: %v", err)
	}
	s.t.Logf("rollcall verify: %s", out)
}

// expectFlat demands that a node has not grown: that the last third of its laps is like the
// second one.
func expectFlat(t *testing.T, laps []lap) {
	t.Helper()
	third := len(laps) / 3
	if third < 5 {
		t.Log("TOO SHORT to tell whether the node grows")
		return
	}
	for what, of := range map[string]func(lap) float64{
		"memory":     func(l lap) float64 { return l.memory },
		"goroutines": func(l lap) float64 { return l.goroutines },
		"open files": func(l lap) float64 { return l.files },
	} {
		before, after := median(laps[third:2*third], of), median(laps[2*third:], of)
		t.Logf("%s: %.0f in the second third, %.0f in the last", what, before, after)
		if after > before*1.15 {
			t.Errorf("%s grow: %.0f in the second third, %.0f in the last", what, before, after)
		}
	}
}

func median(laps []lap, of func(lap) float64) float64 {
	values := make([]float64, len(laps))
	for i, l := range laps {
		values[i] = of(l)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
