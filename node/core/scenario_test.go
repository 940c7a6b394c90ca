package core

import (
	"slices"
	"testing"
	"time"
)

// scene is a quiet cluster of three in which alice is on n0 and bob on n1, both in r0.
type scene struct {
	*world
	t          *testing.T
	alice, bob *client
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := newWorld(1, 3)
	w.quiet = true
	w.run(5 * time.Second)
	s := &scene{world: w, t: t}
	s.alice = w.connect(w.nodes[0], "alice", []string{"r0"})
	s.bob = w.connect(w.nodes[1], "bob", []string{"r0"})
	w.run(time.Second)
	s.shows("alice joins r0", "bob joins r0")
	return s
}

// shows demands what every node has shown since it was last asked, in any order,
// and that nothing was wrong with it.
func (s *scene) shows(want ...string) {
	s.t.Helper()
	if s.err != nil {
		s.t.Fatal(s.err)
	}
	slices.Sort(want)
	for _, n := range s.nodes {
		got := s.told[n]
		slices.Sort(got)
		if !n.dead && !slices.Equal(got, want) {
			s.t.Errorf("%v shows %q, want %q", n, got, want)
		}
		s.told[n] = nil
	}
	s.expectNoAlarm()
}

func TestLostPingEmptiesNoChannel(t *testing.T) {
	s := newScene(t)
	s.net.loss = 1 // of all datagrams, for five minutes
	s.run(5 * time.Minute)
	s.shows()
	for _, n := range s.nodes {
		if n.core.Gossip.Stats().Questions == 0 {
			t.Errorf("%v asked nobody: the test proves nothing", n)
		}
	}
}

func TestLeaveIsSeenAtOnce(t *testing.T) {
	s := newScene(t)
	s.bye(s.alice)
	s.run(100 * time.Millisecond)
	s.shows("alice leaves r0: left")
}

func TestBrokenSocketGetsTheGrace(t *testing.T) {
	s := newScene(t)
	s.breaks(s.alice)
	s.run(grace - 200*time.Millisecond)
	s.shows()
	s.run(time.Second)
	s.shows("alice leaves r0: closed")
}

func TestReloadOntoAnotherNodeIsNoEvent(t *testing.T) {
	s := newScene(t)
	s.breaks(s.alice)
	s.run(grace - time.Second)
	s.connect(s.nodes[2], "alice", []string{"r0"})
	s.run(time.Minute)
	s.shows()
}

func TestSecondTabIsNoEvent(t *testing.T) {
	s := newScene(t)
	tab := s.connect(s.nodes[2], "alice", []string{"r0"})
	s.run(time.Second)
	s.shows()
	s.bye(s.alice)
	s.run(time.Minute)
	s.shows()
	s.bye(tab)
	s.run(time.Second)
	s.shows("alice leaves r0: left")
}

func TestNodeThatJoinsLearnsWhenUsersWereSeen(t *testing.T) {
	s := newScene(t)
	s.bye(s.alice)
	s.run(time.Second)
	left := s.now.Add(-time.Second)
	s.kill(s.nodes[2])
	s.boot(2)
	s.run(time.Minute)
	n := s.nodes[2]
	if got := n.core.View.LastSeen("alice"); got == 0 || time.UnixMilli(got).Sub(left.Add(n.offset)).Abs() > 100*time.Millisecond {
		t.Errorf("a node that joined later saw alice %v from when she left, by its clock", time.UnixMilli(got).Sub(left.Add(n.offset)))
	}
}

func TestCrashIsSeenInTime(t *testing.T) {
	s := newScene(t)
	s.kill(s.nodes[0])
	s.run(2*time.Second + interval/2)
	s.shows() // its last beat was a ping or an answer to one, not long ago
	s.run(timeout)
	s.shows("alice leaves r0: node_lost")
}

func TestWhoIsBackBeforeTheCrashIsSeenIsNoEvent(t *testing.T) {
	s := newScene(t)
	s.kill(s.nodes[0])
	s.run(2 * time.Second)
	s.connect(s.nodes[2], "alice", []string{"r0"})
	s.run(time.Minute)
	s.shows()
}

func TestShortPauseIsNoEvent(t *testing.T) {
	s := newScene(t)
	for range 10 {
		s.pause(s.nodes[0], timeout-interval-100*time.Millisecond)
		s.run(17 * time.Second)
	}
	s.shows()
}

func TestPausedNodeComesBackByItself(t *testing.T) {
	s := newScene(t)
	paused := s.nodes[0]
	s.pause(paused, 3*timeout)
	s.run(2 * timeout)
	if got := s.told[paused]; len(got) > 0 {
		t.Errorf("a paused node shows %q", got)
	}
	s.told[paused] = []string{"alice leaves r0: node_lost"} // as the others, but not here
	s.shows("alice leaves r0: node_lost")
	s.run(timeout + 2*time.Second)
	if got := s.told[paused]; len(got) > 0 {
		t.Errorf("the node that was paused shows %q, want nothing: everybody was there all the time", got)
	}
	s.told[paused] = []string{"alice joins r0"}
	s.shows("alice joins r0")
}

func TestPartitionHeals(t *testing.T) {
	s := newScene(t)
	s.cutWhile(time.Minute, [2]int{0, 1}, [2]int{1, 0}, [2]int{0, 2}, [2]int{2, 0})
	s.run(30 * time.Second)
	if got := s.told[s.nodes[0]]; !slices.Equal(got, []string{"bob leaves r0: node_lost"}) {
		t.Errorf("the node that was cut off shows %q", got)
	}
	if got := s.told[s.nodes[2]]; !slices.Equal(got, []string{"alice leaves r0: node_lost"}) {
		t.Errorf("a node on the other side shows %q", got)
	}
	clear(s.told)
	s.run(30*time.Second + timeout + interval)
	s.expectTruth()
	if got := s.told[s.nodes[2]]; !slices.Equal(got, []string{"alice joins r0"}) {
		t.Errorf("when it has healed, the other side shows %q", got)
	}
}

func TestCutBetweenTwoIsReadThroughTheThird(t *testing.T) {
	for name, ways := range map[string][][2]int{"both ways": {{0, 1}, {1, 0}}, "one way": {{0, 1}}, "the other way": {{1, 0}}} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.cutWhile(5*time.Minute, ways...)
			s.run(30 * time.Second)
			s.shows()
			carol := s.connect(s.nodes[0], "carol", []string{"r0"})
			s.run(2 * time.Second)
			s.shows("carol joins r0")
			s.bye(carol)
			s.run(2 * time.Second)
			s.shows("carol leaves r0: left")
			s.run(2 * time.Minute)
			s.shows()
		})
	}
}

func TestGoodbyeGivesTheGrace(t *testing.T) {
	s := newScene(t)
	s.leave(s.nodes[0])
	s.run(time.Second)
	s.connect(s.nodes[2], "alice", []string{"r0"})
	s.run(time.Minute)
	s.shows()
	s.leave(s.nodes[1])
	s.run(grace + time.Second)
	s.shows("bob leaves r0: closed")
}

func TestFreshNodeShowsWhoIsInGrace(t *testing.T) {
	s := newScene(t)
	s.leave(s.nodes[0])
	s.run(500 * time.Millisecond)
	s.boot(0)
	s.run(1200 * time.Millisecond) // its seeds are tried within a second
	fresh := s.nodes[0]
	if !fresh.core.Gossip.Ready() {
		t.Fatal("the fresh node does not know its cluster yet")
	}
	if _, ok := fresh.core.View.Member("r0", "alice"); !ok {
		t.Error("alice, who moves, is not in the room on the fresh node")
	}
	if _, ok := fresh.core.View.Member("r0", "bob"); !ok {
		t.Error("bob is not in the room on the fresh node")
	}
}

func TestNodeServesWhenItKnows(t *testing.T) {
	s := newScene(t)
	s.net.slow = 3 * time.Second // its peers' tables take their time
	s.boot(2)
	n := s.nodes[2]
	s.run(2 * time.Second)
	if n.core.Gossip.Ready() {
		t.Error("it is ready before it holds the tables of its peers")
	}
	s.run(2 * timeout)
	if _, ok := n.core.View.Member("r0", "alice"); !n.core.Gossip.Ready() || !ok {
		t.Errorf("ready %v, knows alice %v, want both", n.core.Gossip.Ready(), ok)
	}
}

// TestNoOldBeatIsHandedOnAfterAPause: what waited in the buffers of a process that
// stood still seems young when it is read, and must keep no dead node alive.
func TestNoOldBeatIsHandedOnAfterAPause(t *testing.T) {
	s := newScene(t)
	s.cutWhile(time.Minute, [2]int{1, 0})
	s.pause(s.nodes[2], 8*time.Second)
	s.run(time.Second)
	s.connect(s.nodes[1], "carol", []string{"r1"}) // news for n2, which waits there
	s.run(time.Second)
	s.kill(s.nodes[1])
	s.run(timeout + time.Second)
	if s.err != nil {
		t.Fatal(s.err)
	}
	if got := s.told[s.nodes[0]]; !slices.Contains(got, "bob leaves r0: node_lost") {
		t.Errorf("n0 shows %q, want bob's leave", got)
	}
}

// TestSecondHandBeatCarriesItsAge: who hears a node only through others gives it up
// as early as they do.
func TestSecondHandBeatCarriesItsAge(t *testing.T) {
	s := newScene(t)
	s.cutWhile(2*time.Minute, [2]int{1, 0})
	s.run(33 * time.Second)
	s.shows()
	s.kill(s.nodes[1])
	s.run(timeout + time.Second)
	s.shows("bob leaves r0: node_lost")
}
