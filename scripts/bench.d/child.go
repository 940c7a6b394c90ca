package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// child is a process that the bench started: a node or a relay.
type child struct {
	name  string
	cmd   *exec.Cmd
	at    addresses     // fixed once start has returned
	asked atomic.Bool   // to end
	ended chan struct{} // closed when the process is over
	err   error         // of its end; fixed once ended is closed
}

// addresses are where a child listens, by its own log: it was given port 0.
type addresses struct {
	Listen string `json:"listen"`
	Admin  string `json:"admin"`
	Gossip string `json:"gossip"`
}

// stopTime is how long a child may take to end before it is killed.
const stopTime = 15 * time.Second

// start runs a program and returns once its log, in JSON on stderr, says where it
// listens. Variables of the environment that would configure a node are not
// handed on, but env is.
func start(ctx context.Context, name string, env []string, program string, args ...string) (*child, error) {
	c := &child{name: name, cmd: exec.Command(program, args...), ended: make(chan struct{})}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ROLLCALL_") {
			c.cmd.Env = append(c.cmd.Env, v)
		}
	}
	c.cmd.Env = append(c.cmd.Env, env...)
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	up := make(chan addresses, 1)
	go c.watch(stderr, up)
	select {
	case c.at = <-up:
		return c, nil
	case <-c.ended:
		return nil, fmt.Errorf("%s has ended: %w", name, c.err)
	case <-ctx.Done():
		c.stop()
		return nil, fmt.Errorf("wait for %s: %w", name, ctx.Err())
	}
}

// watch reads the log until the process ends. What is no plain information may
// spoil what is measured, so it is shown.
func (c *child) watch(stderr io.Reader, up chan<- addresses) {
	defer close(c.ended)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		var line struct {
			Level string `json:"level"`
			addresses
		}
		err := json.Unmarshal(lines.Bytes(), &line)
		if (err != nil || line.Level != "INFO") && !c.asked.Load() {
			fmt.Fprintf(os.Stderr, "bench: %s: %s\n", c.name, lines.Text())
		}
		if line.Listen != "" {
			select {
			case up <- line.addresses:
			default: // it was said before
			}
		}
	}
	_, _ = io.Copy(io.Discard, stderr) // after a line too long to scan
	c.err = c.cmd.Wait()
}

// stop ends the process and waits for its end.
func (c *child) stop() {
	c.asked.Store(true)
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-c.ended:
	case <-time.After(stopTime):
		fmt.Fprintf(os.Stderr, "bench: %s did not end in %v and is killed\n", c.name, stopTime)
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}
