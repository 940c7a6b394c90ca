package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

// devCommand is "rollcall dev".
type devCommand struct {
	Nodes     number    `placeholder:"N" default:"3" help:"How many nodes, 1 to 20."`
	LogLevel  logLevel  `placeholder:"LEVEL" group:"log" default:"warn" help:"debug, info, warn or error; every presence change at debug."`
	LogFormat logFormat `placeholder:"FORMAT" group:"log" default:"text" help:"text or json."`
}

// Help says what to expect.
func (devCommand) Help() string {
	return `Prints lines to paste into other terminals: alice joins on one node, bob on another, and each sees the other come and go. Everything is on loopback, and gone when it ends.

    rollcall dev
    rollcall dev --nodes 5 --log-level debug`
}

const (
	maxDevNodes = 20
	devTTL      = 12 * time.Hour
	devChannel  = "room.1"

	// readyTime is how long a cluster on one machine may take to know itself.
	readyTime = 30 * time.Second
)

// Run runs the cluster until ctx ends or one of its nodes fails.
func (d *devCommand) Run(ctx context.Context, p process) error {
	if d.Nodes > maxDevNodes {
		return &wrongValue{flag: "nodes", value: fmt.Sprint(d.Nodes), want: fmt.Sprintf("1 to %d", maxDevNodes)}
	}
	cluster, err := newDevCluster(int(d.Nodes))
	if err != nil {
		return err
	}
	logger := newLogger(p.stderr, d.LogLevel, d.LogFormat)
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var nodes sync.WaitGroup
	defer nodes.Wait()
	for _, c := range cluster.configs {
		c.Logger = logger
		nodes.Go(func() {
			if err := p.serve(ctx, c); err != nil {
				fail(fmt.Errorf("%s: %w", c.Name, err))
			} else if ctx.Err() == nil {
				fail(fmt.Errorf("%s ended by itself", c.Name))
			}
		})
	}
	if cluster.waitReady(ctx) == nil {
		err = cluster.introduce(p, devCommandLine())
	} else if ctx.Err() == nil {
		err = fmt.Errorf("the nodes are not ready after %v", readyTime)
	}
	if err != nil {
		fail(err)
	}
	<-ctx.Done()
	nodes.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// devCluster is what the nodes of a cluster on this machine are told.
type devCluster struct {
	secret  auth.Secret
	configs []node.Config
}

func newDevCluster(n int) (*devCluster, error) {
	addresses, err := freeAddresses(n)
	if err != nil {
		return nil, err
	}
	cluster := &devCluster{secret: randomBytes(32)}
	gossipKey := randomBytes(32)
	for i, a := range addresses {
		c := node.Config{
			Name:       fmt.Sprintf("node-%d", i+1),
			Listen:     a.listen,
			Admin:      a.admin,
			Gossip:     a.gossip,
			GossipKeys: [][]byte{gossipKey},
			Cluster:    "dev",
			Drain:      node.NoDrain, // all nodes end together
			Auth:       auth.Config{Secrets: []auth.Secret{cluster.secret}, Leeway: auth.DefaultLeeway},
		}
		for j, peer := range addresses {
			if j != i {
				c.Join = append(c.Join, peer.gossip)
			}
		}
		cluster.configs = append(cluster.configs, c)
	}
	return cluster, nil
}

// waitReady returns once every node knows the others.
func (d *devCluster) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for _, c := range d.configs {
		for !isReady(ctx, c.Listen) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

func isReady(ctx context.Context, listen string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listen+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// introduce prints what there is and what to type.
func (d *devCluster) introduce(p process, program string) error {
	var out bytes.Buffer
	nodes := "nodes make"
	if len(d.configs) == 1 {
		nodes = "node makes"
	}
	fmt.Fprintf(&out, "%d %s a cluster on this machine:\n\n", len(d.configs), nodes)
	for _, c := range d.configs {
		fmt.Fprintf(&out, "  %-8s ws://%s/v1/connect\n", c.Name, c.Listen)
	}
	fmt.Fprintf(&out, "\nOpen two more terminals here and paste a line into each.\n")
	for i, user := range []string{"alice", "bob"} {
		c := d.configs[i%len(d.configs)]
		token, err := auth.Sign(d.secret, auth.Claims{User: user, Expires: time.Now().Add(devTTL)})
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "\n%s joins %s on %s:\n\n  %s watch --join --url ws://%s/v1/connect --token %s %s\n",
			user, devChannel, c.Name, program, c.Listen, token, devChannel)
	}
	fmt.Fprintf(&out, "\nEach sees the other come. End one with Ctrl-C, and the other sees the leave.\n")
	fmt.Fprintf(&out, "Without --join one only watches. The tokens are good for %.0f hours, or until Ctrl-C here ends the cluster.\n", devTTL.Hours())
	_, err := p.stdout.Write(out.Bytes())
	return err
}

// devCommandLine returns how this program was started, as far as can be told, so
// that the printed lines can be pasted.
func devCommandLine() string {
	path, err := os.Executable()
	if err != nil {
		return "rollcall"
	}
	if strings.Contains(path, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/rollcall"
	}
	return os.Args[0]
}
