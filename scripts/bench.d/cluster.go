package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/process"
)

// nodes is how many nodes a cluster has where nothing else is said.
const nodes = 3

// cluster is nodes as an operator would start them: processes of their own, with
// encrypted gossip and signed tokens.
type cluster struct {
	nodes  []*child
	secret []byte
}

// newCluster starts that many nodes, with more flags if need be, and waits until each
// knows all others.
func newCluster(ctx context.Context, binary string, nodes int, flags ...string) (*cluster, error) {
	var random [64]byte
	_, _ = rand.Read(random[:]) // never fails
	secret := base64.StdEncoding.EncodeToString(random[:32])
	c := &cluster{secret: []byte(secret)}
	env := []string{"ROLLCALL_JWT_SECRET=" + secret, "ROLLCALL_GOSSIP_KEY=" + base64.StdEncoding.EncodeToString(random[32:])}
	for i := range nodes {
		name := "node " + string(rune('a'+i))
		args := append([]string{"serve", "--name", name, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
			"--gossip", "127.0.0.1:0", "--log-format", "json"}, flags...)
		if i > 0 {
			args = append(args, "--join", c.nodes[0].at.Gossip)
		}
		n, err := start(ctx, name, env, binary, args...)
		if err != nil {
			c.stop()
			return nil, err
		}
		c.nodes = append(c.nodes, n)
	}
	// Each node reads each other one over a stream of its own.
	err := c.await(ctx, map[string]float64{"rollcall_mesh_members": float64(nodes), "rollcall_mesh_streams": float64(2 * (nodes - 1))})
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// stop ends all nodes at once.
func (c *cluster) stop() {
	var wg sync.WaitGroup
	for _, n := range c.nodes {
		wg.Go(n.Stop)
	}
	wg.Wait()
}

// spent is how much processor time all nodes have used, in seconds.
func (c *cluster) spent() (float64, error) {
	group, err := c.group()
	if err != nil {
		return 0, err
	}
	cpu, err := group.CPU()
	return cpu.Seconds(), err
}

func (c *cluster) group() (process.Group, error) {
	var all []*process.Process
	for _, n := range c.nodes {
		all = append(all, n.Process)
	}
	return process.NewGroup(all...)
}

// settled is how long a cluster may take to become what it was asked to be.
const settled = time.Minute

// await waits until these metrics have these values on every node.
func (c *cluster) await(ctx context.Context, want map[string]float64) error {
	ctx, cancel := context.WithTimeout(ctx, settled)
	defer cancel()
	poll := time.NewTicker(100 * time.Millisecond) // a scrape stops the node for a moment
	defer poll.Stop()
	for {
		off, err := c.differs(ctx, want)
		if err != nil || off == "" {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", off, ctx.Err())
		}
	}
}

// differs names a metric that is not as wanted; empty: all are.
func (c *cluster) differs(ctx context.Context, want map[string]float64) (string, error) {
	for _, n := range c.nodes {
		m, err := n.metrics(ctx)
		if err != nil {
			return "", err
		}
		for name, value := range want {
			if m[name] != value {
				return fmt.Sprintf("%s has %s %v, want %v", n.name, name, m[name], value), nil
			}
		}
	}
	return "", nil
}

// dial connects a user to a node.
func (c *cluster) dial(ctx context.Context, node int, user string, handle func(*client.Message)) (*client.Client, error) {
	token, err := c.token(user)
	if err != nil {
		return nil, err
	}
	return client.Dial(ctx, c.nodes[node].url(), client.Hello{Token: token}, handle)
}

func (c *cluster) token(user string) (string, error) {
	now := time.Now()
	return auth.Sign(c.secret, auth.Claims{User: user, IssuedAt: now, Expires: now.Add(time.Hour)})
}

// dialAll connects n users, of whom number i goes to the node that at names.
func (c *cluster) dialAll(ctx context.Context, n int, name string, at func(i int) int, handle func(*client.Message)) (crowd, error) {
	clients := make(crowd, n)
	err := each(n, func(i int) (err error) {
		clients[i], err = c.dial(ctx, at(i), fmt.Sprintf("%s-%d", name, i), handle)
		return err
	})
	if err != nil {
		clients.end()
		return nil, err
	}
	return clients, nil
}

// crowd is many clients.
type crowd []*client.Client

// end breaks all connections.
func (c crowd) end() {
	_ = each(len(c), func(i int) error {
		if c[i] != nil {
			c[i].Break()
		}
		return nil
	})
}

// bye has all users leave, so that nobody is in grace after it.
func (c crowd) bye(ctx context.Context) error {
	return each(len(c), func(i int) error { return c[i].Close(ctx) })
}

// atOnce is how many things each does at a time. More would measure how the
// scheduler copes with queues.
const atOnce = 64

// each calls f for 0 to n−1, several at a time, and returns one of its errors.
func each(n int, f func(i int) error) error {
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	for w := range min(atOnce, n) {
		wg.Go(func() {
			for i := w; i < n; i += atOnce {
				if err := f(i); err != nil {
					once.Do(func() { first = err })
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}
