package node

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/protocol"
)

const (
	lossyMembers  = 10 // sockets of one node that join channels; one more watches
	lossyChannels = 10
)

// lossy is a cluster that loses packets, and what its watchers are to see.
type lossy struct {
	*world
	watchers []*tab // one on each node, of every channel
	members  []*tab // who is there now
	channels map[*tab][]string
	users    int
	joins    int // of all channels, as each watcher is to see them
	leaves   int
	moves    int // to another node, which nobody is to see
}

// TestLossyClusterShowsNoWrongLeave runs a cluster that loses a packet in ten.
// Users come, go and move between nodes. Every watcher sees each join and each
// leave once, and no other.
func TestLossyClusterShowsNoWrongLeave(t *testing.T) {
	inWorld(t, 20, func(w *world) {
		key := slices.Repeat([]byte("k"), 32)
		w.cluster(*virtualNodes, func(c *Config) { c.GossipKeys = [][]byte{key} })
		l := &lossy{world: w, channels: map[*tab][]string{}}
		for _, n := range w.nodes {
			watcher := w.open(n, "watcher-"+n.host)
			for c := range lossyChannels {
				watcher.watch(fmt.Sprint("room.", c))
			}
			l.watchers = append(l.watchers, watcher)
		}
		for i := range lossyMembers * len(w.nodes) {
			l.arrive(w.nodes[i%len(w.nodes)])
		}
		l.check()

		w.net.Lose(0.1)
		for end := time.Now().Add(*virtualTime); time.Now().Before(end); {
			time.Sleep(time.Duration(w.rng.IntN(20_000)) * time.Millisecond)
			l.change()
			time.Sleep(settled)
			l.check()
		}
		l.print()
	})
}

// change lets a user come, go, or move.
func (l *lossy) change() {
	i := l.rng.IntN(len(l.members))
	leaver, node := l.members[i], l.nodes[l.rng.IntN(len(l.nodes))]
	switch what := l.rng.IntN(4); {
	case what == 0:
		l.arrive(node)
	case what == 1 && len(l.members) > 1:
		l.members = slices.Delete(l.members, i, i+1)
		l.leaves += len(l.channels[leaver])
		delete(l.channels, leaver)
		leaver.bye()
		leaver.wantClosed(time.Second, protocol.CloseNormal)
	default: // the socket breaks, and the client comes back within the grace
		l.moves++
		leaver.cut()
		time.Sleep(time.Duration(l.rng.IntN(2_500)) * time.Millisecond)
		l.members[i] = l.open(node, leaver.user)
		l.channels[l.members[i]] = l.channels[leaver]
		delete(l.channels, leaver)
		l.enter(l.members[i])
	}
}

// arrive lets a new user join two channels on a node.
func (l *lossy) arrive(n *virtual) {
	l.users++
	b := l.open(n, fmt.Sprint("user-", l.users))
	c := l.rng.IntN(lossyChannels)
	l.channels[b] = []string{fmt.Sprint("room.", c), fmt.Sprint("room.", (c+1)%lossyChannels)}
	l.joins += len(l.channels[b])
	l.members = append(l.members, b)
	l.enter(b)
}

func (l *lossy) enter(b *tab) {
	for _, channel := range l.channels[b] {
		b.join(channel)
	}
}

// check compares what every watcher and member knows with the truth.
func (l *lossy) check() {
	l.Helper()
	synctest.Wait()
	truth := map[string][]string{}
	for _, b := range l.members {
		for _, channel := range l.channels[b] {
			truth[channel] = append(truth[channel], b.user)
		}
	}
	for _, b := range l.watchers {
		for channel, users := range truth {
			b.wantUsers(channel, slices.Clone(users)...)
		}
		b.wantSound()
		joins, leaves := 0, 0
		for _, n := range b.all("diff") {
			joins, leaves = joins+len(n.Join), leaves+len(n.Leave)
			for _, left := range n.Leave {
				if left.Reason != "left" {
					l.Errorf("%s was told that %s left %s: %s", b.user, left.User, n.Channel, left.Reason)
				}
			}
		}
		if joins != l.joins || leaves != l.leaves {
			l.Fatalf("%s was told of %d joins and %d leaves, want %d and %d", b.user, joins, leaves, l.joins, l.leaves)
		}
	}
}

// print tells what the run was made of, and fails if a table had to be read again.
func (l *lossy) print() {
	var pings, questions, late, lost, rereads, stalls uint64
	for _, n := range l.nodes {
		n.mu.Lock()
		s := n.core.Gossip.Stats()
		n.mu.Unlock()
		pings, questions, late, lost = pings+s.Pings, questions+s.Questions, late+s.Late, lost+s.Lost
		rereads, stalls = rereads+s.Rereads, stalls+s.Stalls
	}
	l.Logf("%d nodes, %v, 10%% loss: %d joins, %d leaves, %d moves, seen by %d watchers; %d pings, %d questions, %d peers late, %d lost, %d stalls, %d rereads",
		len(l.nodes), *virtualTime, l.joins, l.leaves, l.moves, len(l.watchers), pings, questions, late, lost, stalls, rereads)
	if rereads > 0 || lost > 0 {
		l.Errorf("%d tables were read again, %d nodes lost; want none", rereads, lost)
	}
}
