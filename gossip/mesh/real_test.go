package mesh

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/gossip/mesh/memnet"
)

// realHost is a host as a node is one: a core, a lock, a ticker.
type realHost struct {
	mu   sync.Mutex
	core *gossip.Core
	mesh *Mesh
	stop chan struct{}

	users map[channels.NodeID]string // what the view was told, by origin
	lost  int
	left  int
}

func (h *realHost) Do(f func(c *gossip.Core, now time.Time)) {
	h.mu.Lock()
	f(h.core, time.Now())
	fx := h.core.Take()
	h.mu.Unlock()
	h.mesh.Carry(fx)
}

func (h *realHost) Apply(_ channels.Now, origin channels.NodeID, changes []channels.Change, _ uint64) {
	for _, c := range changes {
		if c.Session != nil && c.End == nil {
			h.users[origin] = c.Session.User
		}
	}
}
func (h *realHost) Replace(now channels.Now, origin channels.NodeID, changes []channels.Change, number uint64) {
	h.Apply(now, origin, changes, number)
}
func (h *realHost) Lost(_ channels.Now, origin channels.NodeID, _ uint64) {
	h.lost++
	delete(h.users, origin)
}
func (h *realHost) Seen(channels.Now) []channels.Seen       { return nil }
func (h *realHost) LearnSeen(channels.Now, []channels.Seen) {}
func (h *realHost) Left(channels.Now, channels.NodeID, time.Duration) {
	h.left++
}

func (h *realHost) tick() {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			h.Do(func(c *gossip.Core, now time.Time) { c.Tick(now) })
		case <-h.stop:
			return
		}
	}
}

func newRealHost(t *testing.T, network *memnet.Network, i int) *realHost {
	t.Helper()
	tr, err := network.Host(fmt.Sprintf("10.0.0.%d:7946", i))
	if err != nil {
		t.Fatal(err)
	}
	cfg := config()
	cfg.ID = channels.NodeID{byte(i)}
	cfg.Interval, cfg.Transport, cfg.Seeds = 10*time.Second, tr, []string{"10.0.0.1"}
	cfg.Keys = [][]byte{key(t, "k")}
	h := &realHost{stop: make(chan struct{}), users: map[channels.NodeID]string{}}
	h.core = gossip.New(gossip.Config{
		Self: cfg.ID, Interval: cfg.Interval, Timeout: 13 * time.Second, View: h,
		Rand: rand.New(rand.NewPCG(1, uint64(i))),
	}, time.Now())
	if h.mesh, err = New(cfg, h); err != nil {
		t.Fatal(err)
	}
	if err := h.mesh.Start(); err != nil {
		t.Fatal(err)
	}
	go h.tick()
	return h
}

func (h *realHost) sees(users int) func() bool {
	return func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.users) == users
	}
}

func TestCoresReadEachOthersTablesOverTheMesh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New(11)
		network.Lose(0.1)
		var hosts []*realHost
		for i := range 4 {
			h := newRealHost(t, network, i+1)
			hosts = append(hosts, h)
			h.Do(func(c *gossip.Core, now time.Time) {
				s := &channels.Session{ID: 1, User: fmt.Sprintf("user%d", i), State: channels.Online}
				c.Put(now, []channels.Change{{Session: s}})
			})
		}
		for _, h := range hosts {
			waitFor(t, "the users of the three others", h.sees(3))
		}
		time.Sleep(5 * time.Minute)
		for i, h := range hosts {
			h.mu.Lock()
			if s := h.core.Stats(); h.lost != 0 || s.Malformed != 0 || s.Rereads != 0 || s.Stalls != 0 {
				t.Errorf("node %d lost %d peers at 10%% loss; stats %+v", i+1, h.lost, s)
			}
			h.mu.Unlock()
		}

		crashed, leaver := hosts[2], hosts[3]
		close(crashed.stop)
		crashed.mesh.Close()
		leaver.Do(func(c *gossip.Core, now time.Time) { c.Leave(now) })
		close(leaver.stop)
		if err := leaver.mesh.Leave(context.Background()); err != nil {
			t.Error(err)
		}
		for _, h := range hosts[:2] {
			waitFor(t, "the one lost and the one left", func() bool {
				h.mu.Lock()
				defer h.mu.Unlock()
				return h.lost == 1 && h.left == 1
			})
		}
		for _, h := range hosts[:2] {
			close(h.stop)
			h.mesh.Close()
		}
		time.Sleep(after)
	})
}
