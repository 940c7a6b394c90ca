//go:build unix

package processtest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

// pace is that of a cluster.
type pace struct{ interval, timeout, grace time.Duration }

// fast is the default pace ten times as fast, but for the timeout. The least one
// would leave a client 200ms to answer a ping, and here one busy process plays all
// clients. Grace is that of its flag's default.
var fast = pace{interval: time.Second, timeout: 2 * time.Second, grace: time.Second}

// slow is the default pace.
var slow = pace{interval: 10 * time.Second, timeout: 13 * time.Second, grace: 3 * time.Second}

// late is how long after its timeout a node may be given up.
const late = 500 * time.Millisecond

// cluster is some processes on loopback that share keys.
type cluster struct {
	t      *testing.T
	pace   pace
	secret []byte
	nodes  []*process
	flags  []string      // of every process
	number *atomic.Int64 // of names given
	hosts  []*host       // of the nodes in turn; empty: all are on loopback
}

// newCluster starts that many nodes and returns when all know each other. More
// flags are for every one of them.
func newCluster(t *testing.T, nodes int, p pace, flags ...string) *cluster {
	t.Helper()
	c := prepareCluster(t, nil, nodes, p, flags...)
	c.begin()
	return c
}

// prepareCluster returns a cluster of nodes that are not started yet: each on a host of
// its own, or all on loopback.
func prepareCluster(t *testing.T, hosts []*host, nodes int, p pace, flags ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, pace: p, secret: []byte(rand.Text()), number: new(atomic.Int64), hosts: hosts}
	c.flags = append([]string{
		"--jwt-secret=@" + c.file("jwt.secret", string(c.secret)),
		"--gossip-key=@" + c.file("gossip.key", newKey()),
		"--interval=" + p.interval.String(), "--timeout=" + p.timeout.String(), "--grace=" + p.grace.String(),
		"--drain=" + (2 * p.grace).String(), "--log-level=debug",
	}, flags...)
	for i := range nodes {
		c.nodes = append(c.nodes, c.prepare(string(rune('a'+i))))
	}
	return c
}

// begin starts the nodes and returns when all know each other.
func (c *cluster) begin() {
	c.t.Helper()
	for _, p := range c.nodes {
		p.args = append(p.args, c.join()...)
		p.start()
	}
	c.awaitWhole()
}

// newKey returns a gossip key, as rollcall keygen prints it.
func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// file writes a file and returns its path.
func (c *cluster) file(name, content string) string {
	path := filepath.Join(c.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// prepare returns a process with addresses of its own, which is not started and
// knows no other. More flags win over those of the cluster.
func (c *cluster) prepare(name string, flags ...string) *process {
	p := &process{t: c.t, name: name, command: rollcall}
	if len(c.hosts) > 0 {
		c.hosts[len(c.nodes)].house(p)
	} else {
		p.listen, p.admin, p.gossip = freePort(c.t), freePort(c.t), freePort(c.t)
	}
	p.args = slices.Concat([]string{"serve", "--name=" + name, "--listen=" + p.listen, "--admin=" + p.admin, "--gossip=" + p.gossip},
		c.flags, flags)
	return p
}

// join returns the flags by which a node finds the cluster.
func (c *cluster) join() (flags []string) {
	for _, p := range c.nodes {
		flags = append(flags, "--join="+p.gossip)
	}
	return flags
}

// add starts one node more, and returns when it is ready.
func (c *cluster) add(name string, flags ...string) *process {
	c.t.Helper()
	p := c.prepare(name, append(c.join(), flags...)...)
	p.start()
	p.awaitReady()
	return p
}

// awaitWhole waits until every node is ready and reads every other.
func (c *cluster) awaitWhole() {
	c.t.Helper()
	others := float64(len(c.nodes) - 1)
	for _, p := range c.nodes {
		p.awaitReady()
		eventually(c.t, p.name+" reads all others", func() bool {
			m := p.metrics()
			return m["rollcall_mesh_members"] == others+1 && m["rollcall_mesh_streams"] >= 2*others
		})
	}
}

// in returns the cluster for a subtest, which fails and cleans up by itself.
func (c *cluster) in(t *testing.T) *cluster {
	of := *c
	of.t = t
	return &of
}

// token returns a token for a user, as an application's backend would make it.
func (c *cluster) token(user string) string {
	token, err := auth.Sign(c.secret, auth.Claims{User: user, Expires: time.Now().Add(72 * time.Hour)}) // also for nodes whose clock is a day ahead
	if err != nil {
		panic(err) // a name that the test made up
	}
	return token
}

// name returns a user name that was not used before.
func (c *cluster) name(prefix string) string { return fmt.Sprintf("%s-%d", prefix, c.number.Add(1)) }

// without returns the flags except those of the same name as flag.
func without(flags []string, flag string) []string {
	name, _, _ := strings.Cut(flag, "=")
	return slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return strings.HasPrefix(f, name+"=") })
}
