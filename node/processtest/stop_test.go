//go:build unix

package processtest

import (
	"syscall"
	"testing"
	"time"
)

// stopBound is how long a node may take to say goodbye once it has drained: two rounds
// of gossip.
const stopBound = 8 * time.Second

func TestSIGTERMEndsANodeInTimeWithStatusZero(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, fast)
	all, tabs, everybody := c.populate("room", 10)
	for i, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := c.nodes[i]
		begin := p.signal(s)
		if status := p.wait(2*c.pace.grace + stopBound); !status.Exited() || status.ExitStatus() != 0 {
			t.Errorf("%v: %s ended with %v, want exit status 0", s, p.name, status)
		}
		t.Logf("%v: ended after %v", s, time.Since(begin))
		for _, tab := range tabs[p] {
			<-tab.Done()
			if code := clientCode(tab); code != 1001 {
				t.Errorf("%v: the socket of %s was closed with %d, want 1001", s, tab.user, code)
			}
		}
		rest := all[i+1:]
		rest.awaitEach(t, "leave", users(tabs[p]))
		rest.mark(c, c.nodes[i+1:])
		for _, w := range rest {
			for _, e := range w.flush() {
				if e.kind != "leave" || e.reason != "closed" {
					t.Errorf("%v: %s had event %q, want only leaves with reason closed", s, w.name, e)
				}
			}
		}
		everybody = everybody[10:]
		rest.awaitRoster(t, everybody)
	}
}

func TestASecondSIGTERMEndsANodeAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, fast)
	p := c.nodes[0]
	c.tab(p, "alice", "room", "") // who stays as long as the node does
	p.signal(syscall.SIGTERM)
	p.log.await(t, "node drains")
	p.signal(syscall.SIGTERM)
	if status := p.wait(patience); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("%s ended with %v, want ended by the signal", p.name, status)
	}
}

func TestABusyPortIsAClearErrorAndExitStatusOne(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, fast)
	busy := c.nodes[0]
	for flag, addr := range map[string]string{"listen": busy.listen, "admin": busy.admin, "gossip": busy.gossip} {
		p := c.prepare("late")
		p.args = append(without(p.args, "--"+flag), "--"+flag+"="+addr)
		p.start()
		if status := p.wait(patience); status.ExitStatus() != 1 {
			t.Errorf("--%s: ended with %v, want exit status 1", flag, status)
		}
		if _, found, _ := p.log.find("rollcall: ", addr, "address already in use"); !found {
			t.Errorf("--%s: no line says that %s is in use: %s", flag, addr, p.log)
		}
	}
	all := watchers{c.watch(busy, "room")}
	all.nothingHappened(c, c.nodes)
}
