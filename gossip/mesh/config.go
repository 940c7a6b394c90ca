package mesh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rollcall-presence/rollcall/channels"
)

// DefaultPort is the gossip port where an address names none.
const DefaultPort = 7946

// maxName bounds Config.Name, so that there is room for the meta.
const maxName = 255

// Config says how a node takes part in its cluster. A zero field takes its
// default unless it is said to be required.
type Config struct {
	// ID is this run of this node. Required.
	ID channels.NodeID

	// Name labels the node for people. At most 255 bytes.
	Name string

	// Meta is told to every other node as it is. With Name it may take 511 bytes.
	Meta []byte

	// Listen is the host:port of the gossip port, UDP and TCP. Default
	// 127.0.0.1:7946. Port 0 picks a free one. Beyond loopback Keys are required.
	Listen string

	// Advertise is the host:port, or host, at which the others reach Listen.
	// Default: Listen; if that is 0.0.0.0, a private address of this machine.
	Advertise string

	// Seeds are host:port addresses of nodes to join; without a port 7946 is
	// meant. A DNS name means all its addresses. They are tried at once, and
	// then for ever: about every Interval one that is not a member, so that a
	// cluster that was split finds together again.
	Seeds []string

	// Keys are the gossip keys, of 16, 24 or 32 bytes each: the first encrypts,
	// all decrypt. Without any, traffic is plain.
	Keys [][]byte

	// Cluster is the cluster's name, 1 to 255 bytes. Required. Clusters of
	// different names never mix, whatever their keys.
	Cluster string

	// Interval is the node's ping interval. Required. Seeds are tried at this pace.
	Interval time.Duration

	// StreamTimeout is the longest that a dial with its handshake, the first
	// frame of a stream, or writing one frame may take. Default Interval/2, at
	// least 1s. A stuck reader holds one frame for that long.
	StreamTimeout time.Duration

	// Logger gets the log, memberlist's lines included. Default: none.
	Logger *slog.Logger

	// Resolver finds the addresses of Seeds and Advertise. Default: the system's.
	Resolver Resolver

	// Transport replaces the sockets, for tests. Listen is then not looked at.
	Transport Transport
}

// Resolver finds addresses by name; [net.Resolver] is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// check returns c with its defaults filled in, or the reason why it cannot work.
func (c Config) check() (Config, error) {
	c.Listen = cmp.Or(c.Listen, fmt.Sprintf("127.0.0.1:%d", DefaultPort))
	c.StreamTimeout = cmp.Or(c.StreamTimeout, max(c.Interval/2, time.Second))
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	switch n, m := len(c.Name), len(c.Meta); {
	case c.ID == channels.NodeID{}:
		return c, errors.New("node id is missing")
	case c.Interval <= 0:
		return c, fmt.Errorf("interval %v, want more than 0", c.Interval)
	case len(c.Cluster) < 1 || len(c.Cluster) > memberlist.LabelMaxSize:
		return c, fmt.Errorf("cluster name of %d bytes, want 1 to %d", len(c.Cluster), memberlist.LabelMaxSize)
	case n > maxName:
		return c, fmt.Errorf("node name of %d bytes, want at most %d", n, maxName)
	case n+m > memberlist.MetaMaxSize-metaHead:
		return c, fmt.Errorf("node name and meta of %d bytes, want at most %d", n+m, memberlist.MetaMaxSize-metaHead)
	}
	for _, key := range c.Keys {
		if err := checkKey(key); err != nil {
			return c, err
		}
	}
	c.Keys, c.Seeds = slices.Clone(c.Keys), slices.Clone(c.Seeds)
	return c, nil
}
