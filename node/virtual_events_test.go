package node

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// ear notes what callbacks are called with.
type ear struct {
	mu    sync.Mutex
	calls []string
}

func (e *ear) call(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, fmt.Sprintf(format, args...))
}

func (e *ear) heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// register has a node call all named callbacks.
func (e *ear) register(n *virtual) {
	n.OnSessionConnected(func(id, user string) { e.call("connected %s", user) })
	n.OnSessionDisconnected(func(id, user string) { e.call("disconnected %s", user) })
	n.OnUserOnline(func(user string) { e.call("online %s", user) })
	n.OnUserAway(func(user string) { e.call("away %s", user) })
	n.OnUserOffline(func(user string) { e.call("offline %s", user) })
	n.OnCleanup(func(ids []string) {
		if ids == nil {
			e.call("fresh start")
		} else {
			e.call("cleanup of %d", len(ids))
		}
	})
}

func TestCallbacksAndStreamsTellOfOneSession(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		var all, named, far ear
		w.prepare = func(n *virtual) {
			n.OnEvent(func(e Event) { all.call("%s", story(&e)) })
			named.register(n)
		}
		first := w.start()
		<-first.ready
		w.prepare = nil
		second := w.cluster(1)[1]
		far.register(second)
		c := w.consume(second, "")
		if got := c.synced(); len(got.Nodes) != 2 || len(got.Sessions) != 0 {
			t.Errorf("sync tells of %d nodes and %d sessions, want 2 and none", len(got.Nodes), len(got.Sessions))
		}
		alice := w.open(first, "alice")
		alice.join("room")
		session := alice.last("welcome").Session
		c.wantStories("session.connected alice online", "user.online alice online", "channel.join alice room")
		if e := c.events[0]; e.Session != session || e.Node != first.host || e.NodeID != first.id.String() || e.ConnectedAt == 0 || e.Time == 0 {
			t.Errorf("session.connected is %+v, want session %s on %v", e, session, first.id)
		}
		alice.bye()
		c.wantStories("session.connected alice online", "user.online alice online", "channel.join alice room",
			"session.disconnected alice left", "user.offline alice offline", "channel.leave alice room left")
		synctest.Wait()
		if got, want := all.heard(), append([]string{"cluster.started", "node.joined"}, c.stories()...); !slices.Equal(got, want) {
			t.Errorf("callbacks heard\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		want := []string{"fresh start", "connected alice", "online alice", "disconnected alice", "offline alice"}
		if got := named.heard(); !slices.Equal(got, want) {
			t.Errorf("named callbacks heard %q, want %q", got, want)
		}
		if got := far.heard(); !slices.Equal(got, want[1:]) {
			t.Errorf("the other node's callbacks heard %q, want %q", got, want[1:])
		}
		c.end()
	})
}

func TestStreamNamesATypeThatThereIsNot(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.start()
		<-n.ready
		r := w.api(n, "GET", "/v1/events?types=user.online,user.asleep", "")
		r.wantRefused(w, 400, "bad_request", "user.asleep")
		if strings.Contains(string(r.body), "user.online") {
			t.Errorf("a wrong type is answered %s, want no other named", r.body)
		}
	})
}

func TestStreamTellsOnlyWhatItIsAskedFor(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.cluster(1)[0]
		before := w.open(n, "bob")
		before.join("room")
		c := w.consume(n, "?types=user.online,user.offline")
		if got := c.synced(); len(got.Sessions) != 1 || len(got.Users) != 1 || len(got.Members) != 0 {
			t.Errorf("sync is %+v, want the session, the user, and no members", got)
		}
		alice := w.open(n, "alice")
		alice.join("room")
		alice.do(client.Request{Type: "status", Status: "busy"})
		alice.bye()
		c.wantStories("user.online alice online", "user.offline alice offline")
		c.end()
		w.until("nobody listens any more", time.Minute, func() bool {
			n.mu.Lock()
			defer n.mu.Unlock()
			return len(n.news.subscribers) == 0 && n.heed.streams.Load() == 0
		})
	})
}

func TestSlowStreamIsCutOffAndToldSo(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.start(func(c *Config) { c.maxBehind = 50 })
		<-n.ready
		slow, quick := w.consume(n, "?types=channel.update"), w.consume(n, "?types=channel.update")
		slow.synced()
		slow.stall(true)
		alice := w.open(n, "alice")
		alice.join("room")
		const updates = 200
		for i := range updates { // a kilobyte each, 64 of which are under way
			alice.do(client.Request{Type: "update", Channel: "room", Data: []byte(fmt.Sprintf(`{"n":%d,"x":%q}`, i, strings.Repeat("x", 1000)))})
		}
		w.until("the other stream tells of all", time.Minute, func() bool { return len(quick.stories()) == updates })
		slow.stall(false)
		select {
		case <-slow.over:
		case <-time.After(time.Hour):
			t.Fatal("the slow stream goes on")
		}
		got := len(slow.stories()) - 1 // the last is cut
		if last := slow.names[len(slow.names)-1]; last != "cut" || !strings.Contains(slow.last, `"reason":"slow"`) || got >= updates {
			t.Errorf("after %d of %d events the slow stream ends with %s %s, want cut for being slow", got, updates, last, slow.last)
		}
		for i := range got {
			if want := fmt.Sprintf(`{"n":%d,`, i); !strings.HasPrefix(string(slow.events[i].Member.Data), want) {
				t.Fatalf("event %d is %s, want %s…", i, slow.events[i].Member.Data, want)
			}
		}
		if n.heed.cut.Load() != 1 || n.heed.missed.Load() == 0 {
			t.Errorf("%d streams were cut and %d events missed, want 1 and some", n.heed.cut.Load(), n.heed.missed.Load())
		}
		quick.end()
	})
}
