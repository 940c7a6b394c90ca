//go:build unix

package processtest

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// stage is five nodes on five hosts, with users and a watcher on each of them.
type stage struct {
	*cluster
	all       watchers // one per node
	tabs      [][]*tab
	everybody []string
	stalled   func() time.Duration // how long at most these tests were not given time to run
}

const perNode = 10

func newStage(t *testing.T, p pace, flags ...string) *stage {
	t.Helper()
	s := prepareStage(t, p, flags...)
	s.begin()
	return s
}

// prepareStage is newStage up to where the nodes can be changed that begin will start.
func prepareStage(t *testing.T, p pace, flags ...string) *stage {
	t.Helper()
	hosts := newHosts(t, 5)
	return &stage{stalled: watchStalls(t), cluster: prepareCluster(t, hosts, len(hosts), p, append(flags, "--admin-key="+adminKey)...)}
}

// begin starts the nodes, and has users come.
func (s *stage) begin() {
	s.t.Helper()
	s.cluster.begin()
	all, tabs, everybody := s.populate("room", perNode)
	s.all, s.everybody = all, everybody
	for _, p := range s.nodes {
		s.tabs = append(s.tabs, tabs[p])
	}
}

// usersOf returns who is on some of the nodes.
func (s *stage) usersOf(nodes ...int) (names []string) {
	for _, i := range nodes {
		names = append(names, users(s.tabs[i])...)
	}
	return names
}

// gone demands that within the timeout a watcher was told that users left since their
// node died, each once and not too early, and of nothing else.
func (s *stage) gone(on int, names []string, since time.Time) {
	s.t.Helper()
	w := s.all[on]
	w.awaitEach(s.t, "leave", names)
	earliest, latest := nodeLost(s.t, w, names, since)
	s.t.Logf("%s: %d users of others left from %v to %v after it began", w.name, len(names), earliest.Round(time.Millisecond), latest.Round(time.Millisecond))
	if least := s.pace.timeout - s.pace.interval - late; earliest < least {
		s.t.Errorf("%s: the first left after %v, of whom there was news until then; want %v at least", w.name, earliest, least)
	}
	if most := s.pace.timeout + late + s.stalled(); latest > most {
		s.t.Errorf("%s: the last left after %v, want at most %v", w.name, latest, most)
	}
}

// healed demands that within timeout and one interval everybody is listed everywhere,
// and that each watcher was told of a join of each of those who were gone, and of nothing
// else; so no watcher may be told of those who were its neighbours all the while.
func (s *stage) healed(at time.Time, missed func(on int) []string) {
	s.t.Helper()
	s.all.awaitRoster(s.t, s.everybody)
	took := time.Since(at)
	s.t.Logf("healed after %v", took.Round(time.Millisecond))
	if most := s.pace.timeout + s.pace.interval + s.stalled(); took > most {
		s.t.Errorf("it took %v, want at most %v", took, most)
	}
	for i, w := range s.all {
		back(s.t, w, missed(i))
	}
	s.all.nothingHappensWithin(s.cluster, s.nodes, s.pace.overAll())
	s.all.awaitRoster(s.t, s.everybody)
}

// part cuts some nodes off, as long as it takes for both sides to give each other up, and
// longer; then it heals.
func (s *stage) part(some, others []int) {
	s.t.Helper()
	heal := sever(s.at(some), s.at(others))
	at := time.Now()
	for _, i := range some {
		s.gone(i, s.usersOf(others...), at)
	}
	for _, i := range others {
		s.gone(i, s.usersOf(some...), at)
	}
	<-time.After(s.pace.timeout) // so that everything is in the long run that will be
	for _, w := range s.all {
		if events := w.flush(); len(events) > 0 {
			s.t.Errorf("%s had %d events more: %.600v", w.name, len(events), events)
		}
	}
	at = time.Now()
	heal()
	s.healed(at, func(on int) []string {
		if slices.Contains(some, on) {
			return s.usersOf(others...)
		}
		return s.usersOf(some...)
	})
}

func (s *stage) at(nodes []int) (hosts []*host) {
	for _, i := range nodes {
		hosts = append(hosts, s.hosts[i])
	}
	return hosts
}

// paces are those at which the network fails: with -full the default one too.
func paces() map[string]pace {
	if *full {
		return map[string]pace{"fast": fast, "default": slow}
	}
	return map[string]pace{"fast": fast}
}

func TestFaultNodeIsCutOff(t *testing.T) {
	for name, p := range paces() {
		t.Run(name, func(t *testing.T) { newStage(t, p).part([]int{4}, []int{0, 1, 2, 3}) })
	}
}

func TestFaultClusterIsCutInHalves(t *testing.T) {
	for name, p := range paces() {
		t.Run(name, func(t *testing.T) { newStage(t, p).part([]int{0, 1}, []int{2, 3, 4}) })
	}
}

func TestFaultClusterIsCutAgainAndAgain(t *testing.T) {
	s := newStage(t, fast)
	for _, some := range [][]int{{0}, {1, 3}, {2, 4, 0}, {3}} {
		others := slices.DeleteFunc([]int{0, 1, 2, 3, 4}, func(i int) bool { return slices.Contains(some, i) })
		s.part(some, others)
	}
}

// Whoever does not hear a node asks others about it.
func TestFaultTwoNodesHearEachOtherNoMore(t *testing.T) {
	s := newStage(t, fast)
	for _, way := range []string{"one way", "both ways"} {
		undo := []func(){s.hosts[1].deaf(s.hosts[0])}
		if way == "both ways" {
			undo = append(undo, s.hosts[0].deaf(s.hosts[1]))
		}
		s.all.nothingHappensWithin(s.cluster, s.nodes, 3*s.pace.timeout)
		for _, undo := range undo {
			undo()
		}
		s.all.nothingHappensWithin(s.cluster, s.nodes, 2*s.pace.timeout)
	}
	s.all.awaitRoster(t, s.everybody)
}

// A node that hears nobody gives up all others, and goes on telling them that it is here.
func TestFaultNodeHearsNobody(t *testing.T) {
	s := newStage(t, fast)
	others := []int{0, 1, 2, 3}
	heal := s.hosts[4].deaf(s.at(others)...)
	s.gone(4, s.usersOf(others...), time.Now())
	<-time.After(3 * s.pace.timeout)
	for i, w := range s.all {
		if events := w.flush(); len(events) > 0 {
			t.Errorf("%s, %d: had %d events, want none: %.600v", w.name, i, len(events), events)
		}
	}
	at := time.Now()
	heal()
	s.healed(at, func(on int) []string {
		if on == 4 {
			return s.usersOf(others...)
		}
		return nil
	})
}

func TestFaultEveryFifthPacketIsLost(t *testing.T) {
	s := newStage(t, fast)
	var undo []func()
	for _, h := range s.hosts {
		undo = append(undo, h.losing(0.2, s.hosts...))
	}
	came := 0
	for end := time.Now().Add(20 * s.pace.timeout); time.Now().Before(end); came++ {
		s.all.mark(s.cluster, s.nodes[came%5:came%5+1]) // somebody comes, and goes
	}
	s.all.nothingHappened(s.cluster, s.nodes)
	for _, undo := range undo {
		undo()
	}
	s.all.nothingHappensWithin(s.cluster, s.nodes, s.pace.overAll())
	s.all.awaitRoster(t, s.everybody)
	t.Logf("%d came and went meanwhile, each with a join and a leave on every node", came)
}

func TestFaultAnyTwoOfFiveAreKilled(t *testing.T) {
	s := newStage(t, fast)
	for i := range 5 {
		for j := range i {
			t.Logf("%s and %s are killed", s.nodes[j].name, s.nodes[i].name)
			s.killTwo(j, i)
		}
	}
}

// killTwo kills two nodes at once, whose users leave, and starts two anew, on which as
// many come.
func (s *stage) killTwo(one, other int) {
	s.t.Helper()
	var rest watchers
	var living []*process
	for i, w := range s.all {
		if i != one && i != other {
			rest, living = append(rest, w), append(living, s.nodes[i])
		}
	}
	at := time.Now()
	for _, i := range []int{one, other} {
		s.nodes[i].signal(syscall.SIGKILL)
	}
	for i, w := range s.all {
		if slices.Contains(rest, w) {
			s.gone(i, s.usersOf(one, other), at)
		}
	}
	rest.nothingHappensWithin(s.cluster, living, s.pace.overAll())
	for _, i := range []int{one, other} {
		s.nodes[i].start()
	}
	s.awaitWhole()
	for _, i := range []int{one, other} {
		s.tabs[i] = s.cluster.tabs(perNode, s.nodes[i], "user", "room")
		s.all[i] = s.watch(s.nodes[i], "room")
	}
	s.everybody = s.usersOf(0, 1, 2, 3, 4)
	rest.awaitEach(s.t, "join", s.usersOf(one, other))
	s.all.awaitRoster(s.t, s.everybody)
	s.all.mark(s.cluster, s.nodes)
	for _, w := range rest {
		back(s.t, w, s.usersOf(one, other))
	}
	s.all[one].flush() // of the markers: whom a new watcher finds is nothing new
	s.all[other].flush()
}
