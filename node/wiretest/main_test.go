// Package wiretest holds real nodes to the wire protocol, sentence by sentence,
// over real sockets and with a client that shares no code with them.
//
// Every message that any test receives is held against the shape of its type
// (shape_test.go), and every roster and diff against a model of the channel
// (model_test.go): a null where a field should be left out, a gap in versions, a
// joiner told twice or a wrong count fails whichever test comes upon it.
//
// Tests share nodes, and so have users and channels of their own: a tilde in a
// name stands for the number of the test. Nothing waits for a time to pass: that
// something does not happen is shown by something that comes after it.
package wiretest

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
	"github.com/rollcall-presence/rollcall/node"
)

const secret = "0123456789abcdef0123456789abcdef"

// pace of most nodes, patient enough for a busy machine; quick is for silence.
const (
	interval = 10 * time.Second
	timeout  = 20 * time.Second
	grace    = 2 * time.Second

	quickInterval = 500 * time.Millisecond
	quickTimeout  = 2500 * time.Millisecond
)

// atOnce is how many tests run together. They mostly wait, but each more of them makes
// all others slower, and what they wait for has its time.
const atOnce = "24"

// The nodes that tests share.
var (
	here, there *node.Node // a cluster of two, as configured by default
	open        *node.Node // lets anybody in, and opens only lobby* to them
	narrow      *node.Node // with small bounds
	quick       *node.Node // impatient, and lets anybody in everywhere
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	flag.Parse()
	_ = flag.Set("test.parallel", atOnce)
	var ends []func() error
	start := func(name string, change func(*node.Config)) *node.Node {
		n, end, err := startNode(name, change)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		ends = append(ends, end)
		return n
	}
	here = start("here", func(*node.Config) {})
	there = start("there", func(c *node.Config) { c.Join = []string{here.GossipAddr()} })
	open = start("open", func(c *node.Config) {
		c.AllowAnonymous, c.AllowQueryToken = true, true
		c.PublicChannels = []string{"lobby*"}
		c.Origins = []string{"https://chat.example", "*.friends.example"}
	})
	narrow = start("narrow", func(c *node.Config) {
		c.MaxRoster, c.MaxChannels, c.MaxData, c.MaxFrame = 5, 3, 100, 2048
		c.Grace = node.NoGrace
	})
	quick = start("quick", func(c *node.Config) {
		c.AllowAnonymous = true
		c.Interval, c.Timeout, c.Grace = quickInterval, quickTimeout, 0
	})
	if err := meet(here, there); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code = m.Run()
	var wg sync.WaitGroup
	var failed atomic.Bool
	for _, end := range ends {
		wg.Go(func() {
			if err := end(); err != nil {
				fmt.Fprintln(os.Stderr, "a node did not stop in order:", err)
				failed.Store(true)
			}
		})
	}
	if wg.Wait(); failed.Load() {
		return 1
	}
	return code
}

// startNode starts a node of a cluster of its own, unless change has it join one.
func startNode(name string, change func(*node.Config)) (n *node.Node, end func() error, err error) {
	cfg := node.Config{
		Name: name, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Gossip: "127.0.0.1:0",
		Interval: interval, Timeout: timeout, Grace: grace, Drain: node.NoDrain,
		Auth:   auth.Config{Secrets: []auth.Secret{auth.Secret(secret)}, Leeway: time.Second},
		Logger: slog.New(slog.DiscardHandler),
	}
	change(&cfg)
	if n, err = node.New(cfg); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	return n, func() error { cancel(); return <-ended }, nil
}

// meet waits until two nodes read each other's tables.
func meet(nodes ...*node.Node) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.After(patience); ; {
		met := 0
		for _, n := range nodes {
			if streams, err := readMetric(n, "rollcall_mesh_streams"); err != nil {
				return err
			} else if streams == 2 { // one that it reads, one that is read
				met++
			}
		}
		if met == len(nodes) {
			return nil
		}
		select {
		case <-look.C:
		case <-late:
			return fmt.Errorf("the nodes do not meet within %v", patience)
		}
	}
}

// readMetric returns what a node counts under a name.
func readMetric(n *node.Node, name string) (float64, error) {
	response, err := http.Get("http://" + n.AdminAddr() + "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if value, is := strings.CutPrefix(lines.Text(), name+" "); is {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.Join(fmt.Errorf("there is no metric %s", name), lines.Err())
}
