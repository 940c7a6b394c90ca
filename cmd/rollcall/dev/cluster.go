package dev

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// Config says what cluster to make.
type Config struct {
	Nodes    int           // how many, at least 1
	Interval time.Duration // between a node's signs of life; required
	Origins  []string      // of pages that may connect to the nodes
	Logger   *slog.Logger

	// New makes a node, as [node.New] does.
	New func(node.Config) (Node, error)
}

// Cluster is a cluster in this process. Its methods may be called concurrently.
type Cluster struct {
	newNode func(node.Config) (Node, error)
	secret  auth.Secret
	members []*member
	ctx     context.Context    // of all runs
	end     context.CancelFunc // ends them
	failed  chan error         // takes one: a node that ended by itself

	mu     sync.Mutex     // guards the rest
	ending bool           // no node is started any more
	runs   sync.WaitGroup // of nodes; not added to once ending is set
}

// NewCluster makes a cluster, of which nothing runs before [Cluster.Start].
func NewCluster(c Config) (*Cluster, error) {
	addresses, err := freeAddresses(c.Nodes)
	if err != nil {
		return nil, err
	}
	d := &Cluster{newNode: c.New, secret: random(), failed: make(chan error, 1)}
	d.ctx, d.end = context.WithCancel(context.Background())
	gossipKey := random()
	for i, a := range addresses {
		config := node.Config{
			Name:           fmt.Sprintf("node-%d", i+1),
			Listen:         a.listen,
			Admin:          a.admin,
			Gossip:         a.gossip,
			GossipKeys:     [][]byte{gossipKey},
			Cluster:        "dev",
			Interval:       c.Interval,
			Timeout:        max(c.Interval*13/10, c.Interval+200*time.Millisecond), // the least, as it is by default
			Logger:         c.Logger,
			Drain:          node.NoDrain, // all nodes end together
			Origins:        c.Origins,
			AllowAnonymous: true, // for the page, to watch a room on each node without being somebody
			Auth:           auth.Config{Secrets: []auth.Secret{d.secret}, Leeway: auth.DefaultLeeway},
		}
		for j, peer := range addresses {
			if j != i {
				config.Join = append(config.Join, peer.gossip)
			}
		}
		d.members = append(d.members, &member{config: config, state: Killed})
	}
	return d, nil
}

func random() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return b
}

// Start starts all nodes. If one cannot be made, those that were are left to [Cluster.End].
func (d *Cluster) Start() error {
	for _, m := range d.members {
		if err := d.start(m); err != nil {
			return err
		}
	}
	return nil
}

// start starts a member's node, once the one before has ended: that takes one that crashed no
// more than seconds.
func (d *Cluster) start(m *member) error {
	m.await()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != Killed {
		return m.refuse("started")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ending {
		return errEnding
	}
	n, err := d.newNode(m.config)
	if err != nil {
		return fmt.Errorf("%s: %w", m.config.Name, err)
	}
	over := make(chan struct{})
	m.node, m.over = n, over
	m.become(Starting)
	d.runs.Go(func() {
		defer close(over)
		d.watch(m, n.Run(d.ctx))
	})
	return nil
}

// watch takes note of a node that has ended: by itself, unless it was killed or all end.
func (d *Cluster) watch(m *member, err error) {
	if d.ctx.Err() != nil && err == nil || m.wasKilled() {
		return
	}
	if err == nil {
		err = fmt.Errorf("%s ended by itself", m.config.Name)
	} else {
		err = fmt.Errorf("%s: %w", m.config.Name, err)
	}
	select {
	case d.failed <- err:
	default: // another one did, too
	}
}

// Failed gives the reason once a node has ended without having been told to.
func (d *Cluster) Failed() <-chan error { return d.failed }

// End stops all nodes, those that are paused included, and returns when they have ended.
func (d *Cluster) End() {
	d.mu.Lock()
	d.ending = true
	d.mu.Unlock()
	d.end()
	d.runs.Wait()
}

// WaitReady returns once every node knows the others.
func (d *Cluster) WaitReady(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, m := range d.members {
		for {
			if m.look().state != Starting {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// Address is where a node serves clients.
type Address struct{ Name, URL string }

// Addresses returns where the nodes serve clients.
func (d *Cluster) Addresses() (all []Address) {
	for _, m := range d.members {
		all = append(all, Address{m.config.Name, m.url()})
	}
	return all
}

func (m *member) url() string { return "ws://" + m.config.Listen + "/v1/connect" }

// member returns the member of a name, or nil.
func (d *Cluster) member(name string) *member {
	for _, m := range d.members {
		if m.config.Name == name {
			return m
		}
	}
	return nil
}
