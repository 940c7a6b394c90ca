//go:build unix

package processtest

import (
	"fmt"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// brisk is patient enough with 1,050 clients that one busy process plays; but not beside
// other tests, whose clients have less time to answer. Who reloads a page, or takes no
// notice of drain, has to be back within the grace.
var brisk = pace{interval: 2 * time.Second, timeout: 6 * time.Second, grace: 2 * time.Second}

func TestARollingRestartIsNoEvent(t *testing.T) {
	c := newCluster(t, 3, brisk, "--log-level=info")
	last := crowd().roll(t, c)
	if last.forced > last.drained/20 || last.handedOver < last.drained*9/10 {
		t.Errorf("of %d clients that obey, %d were handed over and %d forced", last.drained, last.handedOver, last.forced)
	}
}

func TestARollingRestartWhileClientsReloadIsNoEvent(t *testing.T) {
	p := brisk
	p.grace = 3 * time.Second // a page may come upon the node that is just being restarted
	c := newCluster(t, 3, p, "--log-level=info")
	s := crowd()
	s.reloads = 40 * time.Second
	s.roll(t, c)
}

func TestARollingRestartUnderClientsThatStayToTheEndIsNoEvent(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, brisk, "--log-level=info")
	last := restart{users: 300, watchers: 30, stay: true}.roll(t, c)
	if last.forced < 300 || last.forced != last.drained {
		t.Errorf("of %d clients that stay, %d were forced", last.drained, last.forced)
	}
}

func TestARollingRestartAtTheDefaultPaceIsNoEvent(t *testing.T) {
	if !*full {
		t.Skip("takes a minute; run with -full")
	}
	crowd().roll(t, newCluster(t, 3, slow, "--log-level=info"))
}

// restart is a rolling restart of a whole cluster, and who is on it.
type restart struct {
	users, watchers int           // in 25 channels
	stay            bool          // takes no notice of drain
	reloads         time.Duration // how often each user's page is loaded anew; 0: never
}

// crowd is who is on a cluster that is restarted. A machine that is busy with other things
// is not quick enough for the whole crowd: their own delays would be seen.
func crowd() restart {
	if *full {
		return restart{users: 1000, watchers: 50}
	}
	return restart{users: 300, watchers: 50}
}

// farewell is what nodes say that they did with their clients before they stopped.
type farewell struct{ drained, handedOver, forced int }

// roll restarts all nodes one after another, and demands that nobody sees it.
func (s restart) roll(t *testing.T, c *cluster) (sum farewell) {
	const channels = 25
	if limit := raiseFileLimit(t); limit < 2*(s.users+s.watchers)+spare {
		t.Fatalf("this system allows %d open files, too few for %d clients that move", limit, s.users)
	}
	people, watching := newRoamers(c), newRoamers(c)
	people.stays, watching.stays, people.reloads = s.stay, s.stay, s.reloads
	rooms := make([]watchers, channels)
	names := make([][]string, channels)
	for i := range s.users {
		names[i%channels] = append(names[i%channels], c.name("user"))
		people.user(i/channels, names[i%channels][i/channels], fmt.Sprint("room-", i%channels))
	}
	for i := range s.watchers {
		p := c.nodes[i/channels%len(c.nodes)]
		w := newWatcher(fmt.Sprintf("watcher %d that began on %s", i, p.name), fmt.Sprint("room-", i%channels))
		watching.watcher(i/channels, w)
		rooms[i%channels] = append(rooms[i%channels], w)
	}
	people.awaitHome(t)
	watching.awaitHome(t)
	for i, all := range rooms {
		all.awaitRoster(t, names[i])
		all.mark(c, c.nodes)
		for _, w := range all {
			w.flush()
		}
	}

	close(people.begin)
	for _, p := range c.nodes {
		sum.add(t, p)
	}
	<-time.After(c.pace.overAll()) // also for those who come too late
	for i, all := range rooms {
		for _, w := range all {
			w.excuse(&people.late)
		}
		all.nothingHappened(c, c.nodes)
		all.awaitRoster(t, names[i])
	}
	s.report(t, people, watching, sum)
	return sum
}

// add restarts one process, and adds up what it said at the end.
func (f *farewell) add(t *testing.T, p *process) {
	begin := p.signal(syscall.SIGTERM)
	if status := p.wait(patience); status.ExitStatus() != 0 {
		t.Errorf("%s ended with %v, want exit status 0", p.name, status)
	}
	ended := time.Since(begin)
	line, _, _ := p.log.find("node stops")
	for field, sum := range map[string]*int{"drained": &f.drained, "handed_over": &f.handedOver, "forced": &f.forced} {
		n := regexp.MustCompile(field + `=(\d+)`).FindStringSubmatch(line)
		if n == nil {
			t.Fatalf("%s does not say %s: %q", p.name, field, line)
		}
		i, _ := strconv.Atoi(n[1])
		*sum += i
	}
	p.start()
	p.awaitReady()
	t.Logf("%s ended after %v and was ready again after %v", p.name, ended.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
}

// report tells how it went, and fails if the test was none.
func (s restart) report(t *testing.T, people, watching *roamers, sum farewell) {
	t.Helper()
	moves := people.moved.Load() + people.returned.Load() - people.reloaded.Load()
	t.Logf("%d users: %d moves without a gap, %d connections after one, %d of them reloads, longest gap %v; watchers: %d and %d; nodes: %+v",
		s.users, people.moved.Load(), people.returned.Load(), people.reloaded.Load(), time.Duration(people.longest.Load()).Round(time.Millisecond),
		watching.moved.Load(), watching.returned.Load(), sum)
	if moves < int64(s.users) {
		t.Errorf("%d moves, want each of %d users to move at least once", moves, s.users)
	}
	if people.odd.Load()+watching.odd.Load() > 0 {
		t.Errorf("%d connections were closed otherwise than with 1001", people.odd.Load()+watching.odd.Load())
	}
	late := 0
	people.late.Range(func(any, any) bool { late++; return true })
	if late > 0 {
		t.Logf("%d users were back too late for the grace, and are not counted", late)
	}
	if late > s.users/20 {
		t.Error("this machine is too busy to say anything")
	}
	if s.reloads > 0 && people.reloaded.Load() < int64(s.users/4) {
		t.Errorf("%d reloads of %d users, want some at any time", people.reloaded.Load(), s.users)
	}
}
