package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// What is counted elsewhere than in a struct of counters is read into one here, so that
// [collect] makes metrics of it.

// nodeState is what this node holds now.
type nodeState struct {
	Sockets, Sessions, MaxSessions                 int
	Ready, Incomplete                              int // 1: it is
	FollowedChannels, FollowedUsers, UserFollowers int
	WaitingJobs                                    int
}

// nodeState is read with Node.mu held.
func (n *Node) nodeState() nodeState {
	return nodeState{
		Sockets: len(n.conns), Sessions: len(n.sessions), MaxSessions: n.maxSessions,
		Ready: asInt(n.Ready()), Incomplete: asInt(n.missing),
		FollowedChannels: len(n.fans), FollowedUsers: len(n.people), UserFollowers: n.ties,
		WaitingJobs: int(n.clocks.jobs.Load()),
	}
}

func asInt(is bool) int {
	if is {
		return 1
	}
	return 0
}

// refusals is what clients were refused.
type refusals struct {
	Paced         uint64
	Refused       map[string]uint64
	LimitsReached map[string]uint64
	TokensRefused map[string]uint64
}

func (n *Node) refusals() refusals {
	return refusals{n.paced.Load(), n.refused.read(), n.limited.read(), n.badToken.read()}
}

// tokenReasons are why a node may refuse a token: those of [auth.Verifier], and its own.
func tokenReasons() []auth.Reason { return append(auth.Reasons(), noToken, noKeys) }

const (
	noToken auth.Reason = "no_token" // there is none, where one is needed
	noKeys  auth.Reason = "no_keys"  // this node verifies none
)

func leavesByReason(s channels.Stats) map[string]uint64 {
	all := map[string]uint64{}
	for reason := channels.ReasonLeft; int(reason) < len(s.Left); reason++ {
		all[reason.String()] = s.Left[reason]
	}
	if n := s.Left[0]; n > 0 {
		all[other] = n
	}
	return all
}

// clusterState is how this node sees the others now.
type clusterState struct {
	Nodes                 int
	Peers                 map[string]int
	LongestSilenceSeconds float64
}

// clusterState is read with Node.mu held.
func (n *Node) clusterState() clusterState {
	s := clusterState{Nodes: 1, Peers: map[string]int{}}
	for _, state := range []gossip.State{gossip.Here, gossip.Late, gossip.Lost, gossip.Gone} {
		s.Peers[state.String()] = 0
	}
	for p := range n.core.Gossip.Peers() {
		s.Peers[p.State.String()]++
		if p.State == gossip.Here || p.State == gossip.Late {
			s.Nodes++
			s.LongestSilenceSeconds = max(s.LongestSilenceSeconds, p.Silent.Seconds())
		}
	}
	return s
}

// socketState is what all sockets hold and did.
type socketState struct {
	Open, QueuedBytes                        int
	Frames, ReceivedBytes, Writes, SentBytes uint64
	Refused, Overflow, Oversize, Stuck       uint64
}

func (n *Node) socketState() socketState {
	s := n.acceptor.Stats()
	return socketState{
		Open: int(s.Open.Load()), QueuedBytes: int(s.Queued.Load()),
		Frames: uint64(s.Frames.Load()), ReceivedBytes: uint64(s.BytesIn.Load()),
		Writes: uint64(s.Writes.Load()), SentBytes: uint64(s.BytesOut.Load()),
		Refused: uint64(s.Refused.Load()), Overflow: uint64(s.Overflow.Load()),
		Oversize: uint64(s.Oversize.Load()), Stuck: uint64(s.Stuck.Load()),
	}
}

// heedState is how events are taken.
type heedState struct {
	Streams                             int
	Sent, Cut, Called, Panicked, Missed uint64
}

func (h *heed) state() heedState {
	return heedState{int(h.streams.Load()), h.sent.Load(), h.cut.Load(), h.callbacks.Load(), h.panics.Load(), h.missed.Load()}
}

// keyState is how the key sets at URLs are, all together.
type keyState struct {
	KeySets                      int
	Keys                         int
	KeyFetches, KeyFetchFailures uint64
	KeysFetchedTimestampSeconds  float64 // of the set whose keys are the oldest; 0: one was never fetched
}

func keyStateOf(sets []auth.KeySetStatus) keyState {
	s := keyState{KeySets: len(sets)}
	for _, set := range sets {
		s.Keys += set.Keys
		s.KeyFetches += set.Fetches
		s.KeyFetchFailures += set.Failures
	}
	if len(sets) > 0 {
		oldest := slices.MinFunc(sets, func(a, b auth.KeySetStatus) int { return a.Fetched.Compare(b.Fetched) })
		s.KeysFetchedTimestampSeconds = seconds(oldest.Fetched)
	}
	return s
}

// seconds is a time as Prometheus has it; 0: none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// certificateState is how the certificate of the public address is.
type certificateState struct {
	CertificateExpiryTimestampSeconds float64
}

func (c *certificate) state() certificateState {
	return certificateState{seconds(c.now.Load().Leaf.NotAfter)}
}

// infoMetric tells who this node is; its value is 1.
func (n *Node) infoMetric() prometheus.Metric {
	return metric("rollcall_node_info", prometheus.GaugeValue, 1, n.cfg.Cluster, n.cfg.Name, n.id.String(), cmp.Or(n.card.Version, "unknown"))
}
