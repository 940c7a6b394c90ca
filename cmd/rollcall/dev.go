package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/dev"
)

// devCommand is "rollcall dev".
type devCommand struct {
	Nodes     number    `placeholder:"N" default:"3" help:"How many nodes, 1 to 20."`
	Page      text      `placeholder:"HOST:PORT" otherwise:"127.0.0.1:8000, or a free port" help:"Where the page is served, on loopback. Port 0: a free one."`
	Interval  pause     `placeholder:"TIME" default:"10s" help:"Time between two signs of life of a node. Less of it, and one does not have to wait so long to see a node given up."`
	LogLevel  logLevel  `placeholder:"LEVEL" group:"log" default:"error" help:"debug, info, warn or error; every presence change at debug."`
	LogFormat logFormat `placeholder:"FORMAT" group:"log" default:"text" help:"text or json."`
}

// Help says what to expect.
func (devCommand) Help() string {
	return `Serves a page on which to come and go, and to pause, kill and start nodes meanwhile. Also prints lines to paste into other terminals: alice joins on one node, bob on another, and each sees the other come and go. Everything is on loopback, and gone when it ends.

    rollcall dev
    rollcall dev --nodes 5 --log-level debug`
}

const (
	maxDevNodes    = 20
	minDevInterval = 500 * time.Millisecond
	maxDevInterval = time.Minute
	devChannel     = "room.1"
	devPage        = "127.0.0.1:8000"

	// readyTime is how long a cluster on one machine may take to know itself.
	readyTime = 30 * time.Second
)

// Run runs the cluster and its page until ctx ends or one of its nodes fails.
func (d *devCommand) Run(ctx context.Context, p process) error {
	listener, err := d.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	server := dev.NewServer(listener)
	cluster, err := dev.NewCluster(dev.Config{
		Nodes: int(d.Nodes), Interval: time.Duration(d.Interval), Origins: server.Origins(),
		Logger: newLogger(p.stderr, d.LogLevel, d.LogFormat), New: p.newNode,
	})
	if err != nil {
		return err
	}
	defer cluster.End()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if err := cluster.Start(); err != nil {
		return err
	}
	var others sync.WaitGroup
	defer others.Wait()
	others.Go(func() {
		select {
		case err := <-cluster.Failed():
			fail(err)
		case <-ctx.Done():
		}
	})
	others.Go(func() {
		if err := server.Serve(ctx, cluster); err != nil {
			fail(err)
		}
	})
	if err := d.present(ctx, p, server, cluster); err != nil {
		fail(err)
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// present prints what there is once it is there. It returns nil if ctx ends before.
func (d *devCommand) present(ctx context.Context, p process, server *dev.Server, cluster *dev.Cluster) error {
	waiting, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	switch err := cluster.WaitReady(waiting); {
	case err == nil:
		return introduce(p, server, cluster, devCommandLine())
	case ctx.Err() == nil:
		return fmt.Errorf("the nodes are not ready after %v", readyTime)
	}
	return nil
}

// listen checks the flags and takes the page's port.
func (d *devCommand) listen() (net.Listener, error) {
	if d.Nodes > maxDevNodes {
		return nil, &wrongValue{flag: "nodes", value: fmt.Sprint(d.Nodes), want: fmt.Sprintf("1 to %d", maxDevNodes)}
	}
	if i := time.Duration(d.Interval); i < minDevInterval || i > maxDevInterval {
		return nil, &wrongValue{flag: "interval", value: i.String(), want: fmt.Sprintf("%v to %v", minDevInterval, maxDevInterval)}
	}
	if d.Page == "" {
		if l, err := net.Listen("tcp", devPage); err == nil {
			return l, nil
		}
		return net.Listen("tcp", "127.0.0.1:0")
	}
	at, err := netip.ParseAddrPort(strings.Replace(string(d.Page), "localhost:", "127.0.0.1:", 1))
	if err != nil || !at.Addr().IsLoopback() {
		return nil, &wrongValue{flag: "page", value: string(d.Page), want: "an address of loopback with a port, such as " + devPage}
	}
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return l, nil
}

// introduce prints where the page is, and what to type instead.
func introduce(p process, server *dev.Server, cluster *dev.Cluster, program string) error {
	var out bytes.Buffer
	nodes := cluster.Addresses()
	fmt.Fprintf(&out, "Open %s\n\n", server.URL())
	verb := "nodes make"
	if len(nodes) == 1 {
		verb = "node makes"
	}
	fmt.Fprintf(&out, "%d %s a cluster on this machine:\n\n", len(nodes), verb)
	for _, n := range nodes {
		fmt.Fprintf(&out, "  %-8s %s\n", n.Name, n.URL)
	}
	fmt.Fprintf(&out, "\nOr stay in the terminal: open two more here, and paste a line into each.\n")
	for i, user := range []string{"alice", "bob"} {
		n := nodes[i%len(nodes)]
		token, err := cluster.Token(user)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "\n%s joins %s on %s:\n\n  %s watch --join --url %s --token %s %s\n",
			user, devChannel, n.Name, program, n.URL, token, devChannel)
	}
	fmt.Fprintf(&out, "\nEach sees the other come. End one with Ctrl-C, and the other sees the leave.\n")
	fmt.Fprintf(&out, "Without --join one only watches. The tokens are good for %.0f hours, or until Ctrl-C here ends the cluster.\n", dev.TokenLife.Hours())
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
