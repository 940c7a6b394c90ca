package node

import (
	"cmp"
	"encoding/json"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// NodeInfo is a node of the cluster, as another one or itself tells of it.
type NodeInfo struct {
	ID        string    `json:"id"`   // random, new at every start
	Name      string    `json:"name"` // label for people; the id of a node that is only heard of
	Version   string    `json:"version,omitempty"`
	Addresses Addresses `json:"addresses"`
	State     string    `json:"state"`    // here, late or draining
	Sessions  int       `json:"sessions"` // that it holds, anonymous ones and those in grace included
	Anonymous int       `json:"anonymous"`
	Peak      int       `json:"peak"`              // the most sessions at one time since this node knows it
	LastHeard int64     `json:"lastHeard"`         // when its last sign of life came, Unix milliseconds
	Started   int64     `json:"started,omitempty"` // Unix milliseconds by its own clock
}

// Addresses are the host:port at which a node is reached, as the node itself tells
// them: where it listens on all addresses, with the host of its gossip address.
type Addresses struct {
	Listen string `json:"listen,omitempty"` // public
	Admin  string `json:"admin,omitempty"`
	Gossip string `json:"gossip,omitempty"`
}

// Nodes returns the nodes of the cluster that are not given up, this one first and the
// others in order of name. It may be called concurrently, and takes a step of at most 1,024 nodes.
func (n *Node) Nodes() []NodeInfo {
	var peers []gossip.PeerInfo
	loads := map[channels.NodeID]channels.Load{}
	now := time.Now()
	n.mu.Lock()
	if n.mishaps.frozen.Load() == nil { // else its clock stands still, too
		n.core.Now(now)
	}
	for p := range n.core.Gossip.Peers() {
		if p.State == gossip.Here || p.State == gossip.Late {
			peers = append(peers, p)
			loads[p.ID] = n.core.View.Load(p.ID)
		}
	}
	loads[n.id] = n.core.View.Load(n.id)
	n.mu.Unlock()

	all := make([]NodeInfo, 0, len(peers))
	for _, p := range peers {
		all = append(all, infoOf(p, now, loads[p.ID]))
	}
	slices.SortFunc(all, func(a, b NodeInfo) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return slices.Insert(all, 0, n.info(now, loads[n.id]))
}

// info is what this node tells of itself.
func (n *Node) info(now time.Time, load channels.Load) NodeInfo {
	state := gossip.Here.String()
	if n.leaving() {
		state = stateDraining
	}
	i := NodeInfo{ID: n.id.String(), Name: n.cfg.Name, State: state, LastHeard: now.UnixMilli()}
	i.carry(load, n.card, n.GossipAddr())
	return i
}

// infoOf is what is known of a peer.
func infoOf(p gossip.PeerInfo, now time.Time, load channels.Load) NodeInfo {
	state := p.State.String()
	if p.State == gossip.Here && p.Life == gossip.Draining {
		state = stateDraining
	}
	i := NodeInfo{ID: p.ID.String(), Name: cmp.Or(p.Name, p.ID.String()), State: state, LastHeard: now.Add(-p.Silent).UnixMilli()}
	i.carry(load, readCard(p.Meta), p.Addr)
	return i
}

func (i *NodeInfo) carry(load channels.Load, c card, gossip string) {
	i.Sessions, i.Anonymous, i.Peak = load.Sessions, load.Anonymous, load.Peak
	i.Version, i.Started = c.Version, c.Started
	i.Addresses = Addresses{Listen: reachable(c.Listen, gossip), Admin: reachable(c.Admin, gossip), Gossip: gossip}
}

// stateDraining is the state of a node that moves its clients elsewhere.
const stateDraining = "draining"

// card is what a node tells of itself besides its name, as memberlist's meta: JSON, so that
// versions that know other fields understand each other.
type card struct {
	Version string `json:"v,omitempty"`
	Listen  string `json:"l,omitempty"`
	Admin   string `json:"a,omitempty"`
	Started int64  `json:"s,omitempty"`
}

// maxCardText bounds each text of a card in bytes, so that all of it fits beside a name.
const maxCardText = 64

// newCard makes this node's card, once what it listens on is bound.
func newCard(listen, admin net.Addr, started time.Time) card {
	return card{Version: cutText(version(), maxCardText), Listen: cutText(listen.String(), maxCardText), Admin: cutText(admin.String(), maxCardText), Started: started.UnixMilli()}
}

func (c card) encode() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and a number: cannot fail
	}
	return b
}

// readCard reads a peer's card. What cannot be read is left out: it is only shown.
func readCard(meta []byte) card {
	var c card
	if json.Unmarshal(meta, &c) != nil {
		return card{}
	}
	c.Version, c.Listen, c.Admin = cutText(c.Version, maxCardText), cutText(c.Listen, maxCardText), cutText(c.Admin, maxCardText)
	return c
}

// reachable is a bound address as others may reach it: one that stands for all addresses
// of a machine gets the host at which the other nodes reach it.
func reachable(bound, gossip string) string {
	at, err := netip.ParseAddrPort(bound)
	if err != nil || !at.Addr().IsUnspecified() {
		return bound
	}
	host, _, err := net.SplitHostPort(gossip)
	if err != nil {
		return bound
	}
	return net.JoinHostPort(host, strconv.Itoa(int(at.Port())))
}

// module is this module's path, under which a program that is built with it knows its version.
const module = "github.com/rollcall-presence/rollcall"

// version returns the version of this module in the running program.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dep := range build.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return cmp.Or(build.Main.Version, "unknown")
}
