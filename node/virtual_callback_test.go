package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

func TestCallbacksOutliveOneThatPanics(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		var before, after ear
		n := w.start()
		<-n.ready
		before.register(n)
		n.OnEvent(func(e Event) { panic(story(&e)) })
		after.register(n)
		alice := w.open(n, "alice")
		alice.bye()
		want := []string{"connected alice", "online alice", "disconnected alice", "offline alice"}
		for what, e := range map[string]*ear{"before": &before, "after": &after} {
			w.until("the callback "+what+" is called", time.Minute, func() bool { return len(e.heard()) == len(want) })
			if got := e.heard(); !slices.Equal(got, want) {
				t.Errorf("the callback %s the one that panics heard %q, want %q", what, got, want)
			}
		}
		if got := n.heed.panics.Load(); got != 4 {
			t.Errorf("%d panics are counted, want 4", got)
		}
	})
}

func TestCallbacksMayCallTheNodeAndRegisterOthers(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		var late ear
		n := w.start()
		<-n.ready
		registered := make(chan struct{})
		n.OnUserOnline(func(user string) {
			if got := n.User(user).Status; user == "alice" && got != "online" {
				t.Errorf("in the callback alice is %s", got)
			}
			if user == "alice" {
				n.OnUserOnline(func(user string) { late.call("online %s", user) })
				close(registered)
			}
		})
		w.open(n, "alice")
		<-registered
		w.open(n, "bob")
		w.until("the new callback is called", time.Minute, func() bool { return len(late.heard()) > 0 })
		if got := late.heard(); !slices.Equal(got, []string{"online bob"}) {
			t.Errorf("a callback that was registered after alice came heard %q, want bob only", got)
		}
	})
}

func TestSlowCallbackHoldsUpNothingAndIsToldWhatItMissed(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.start(func(c *Config) { c.maxBehind = 20 })
		<-n.ready
		release := make(chan struct{})
		var all ear
		missed := 0
		n.OnEvent(func(e Event) {
			<-release
			missed += e.Count
			all.call("%s", story(&e))
		})
		alice := w.open(n, "alice")
		alice.join("room")
		const updates = 100
		for i := range updates { // answered, though the callback does not return
			alice.do(client.Request{Type: "update", Channel: "room", Data: []byte(fmt.Sprintf(`{"n":%d}`, i))})
		}
		close(release)
		w.until("the callback is told that it missed something", time.Minute, func() bool { return slices.Contains(all.heard(), "missed") })
		alice.bye()
		w.until("the callback is told of what comes after", time.Minute, func() bool { return slices.Contains(all.heard(), "user.offline alice offline") })
		got := all.heard()
		if told := strings.Count(strings.Join(got, "\n"), "channel.update"); told == 0 || told+missed != updates || uint64(missed) != n.heed.missed.Load() {
			t.Errorf("the callback was told of %d updates and missed %d, and %d are counted; want %d in all", told, missed, n.heed.missed.Load(), updates)
		}
	})
}

func TestCleanupNamesTheSessionsOfANodeThatDied(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		var e ear
		nodes := w.cluster(2)
		var ids []string
		nodes[0].OnCleanup(func(sessions []string) { ids = append(ids, sessions...); e.call("cleanup") })
		c := w.consume(nodes[0], "?types=node.lost,session.disconnected,user.offline")
		c.synced()
		alice, bob := w.open(nodes[1], "alice"), w.open(nodes[1], "bob")
		w.open(nodes[0], "bob") // who stays
		w.until("all are known", time.Minute, func() bool {
			return nodes[0].User("alice").Status == "online" && len(nodes[0].User("bob").Sessions) == 2
		})
		w.crash(nodes[1])
		c.wantStories("node.lost node_lost", "session.disconnected alice node_lost", "session.disconnected bob node_lost", "user.offline alice offline")
		w.until("cleanup is called", time.Minute, func() bool { return len(e.heard()) == 1 })
		want := []string{alice.last("welcome").Session, bob.last("welcome").Session}
		if slices.Sort(want); !slices.Equal(ids, want) || !slices.Equal(c.events[0].Sessions, want) {
			t.Errorf("cleanup names %q, and node.lost %q; want %q", ids, c.events[0].Sessions, want)
		}
		c.end()
	})
}

func TestANodeThatLearnsItsClusterTellsOfNothing(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		var e ear
		first := w.start()
		<-first.ready
		w.open(first, "alice").join("room")
		second := w.start()
		e.register(second)
		second.OnEvent(func(ev Event) { e.call("%s", story(&ev)) })
		c := w.consume(second, "") // opened before the node knows anything
		if got := c.synced(); len(got.Sessions) != 1 || len(got.Users) != 1 || len(got.Members) != 1 || len(got.Nodes) != 2 {
			t.Errorf("sync is %+v, want alice in her room, on two nodes", got)
		}
		w.open(first, "bob")
		c.wantStories("session.connected bob online", "user.online bob online")
		if got := e.heard(); len(got) != 4 {
			t.Errorf("callbacks heard %q, want bob's coming only", got)
		}
		c.end()
	})
}

func TestStreamIsKeptAliveAndEndsWithTheNode(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.start()
		<-n.ready
		c := w.consume(n, "?types=user.online")
		c.synced()
		time.Sleep(time.Minute)
		c.mu.Lock()
		if c.alive < 4 {
			t.Errorf("%d comments in a minute, want at least 4", c.alive)
		}
		c.mu.Unlock()
		n.stop()
		select {
		case <-c.over:
		case <-time.After(time.Hour):
			t.Fatal("the stream goes on after the node has ended")
		}
		if last := c.names[len(c.names)-1]; last != "cut" || !strings.Contains(c.last, `"stopping"`) {
			t.Errorf("the last event is %s %s, want cut for stopping", last, c.last)
		}
	})
}
