// Package process starts the programs that are measured, and reads what the operating
// system counts of them: processor time and resident memory.
package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Command is a program to start.
type Command struct {
	Name    string
	Program string
	Args    []string
	Env     []string // besides the environment, of which what would configure a node is left out

	// Heard takes a line that the program printed. It says whether the program is up, and
	// whether the line is to be shown, since it may explain a bad figure.
	Heard func(line string) (up, show bool)
}

// Process is a program that was started, and all that it started itself.
type Process struct {
	name  string
	cmd   *exec.Cmd
	asked atomic.Bool   // to end
	ended chan struct{} // closed when the process is over
	err   error         // of its end; fixed once ended is closed
}

// stopTime is how long a process may take to end before it is killed.
const stopTime = 15 * time.Second

// Start returns once the program is up. Until then ctx may end it.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{name: c.Name, cmd: exec.Command(c.Program, c.Args...), ended: make(chan struct{})}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ROLLCALL_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	p.cmd.Env = append(p.cmd.Env, c.Env...)
	p.cmd.SysProcAttr = apart()
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = in, in
	err = p.cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	up := make(chan struct{})
	go p.watch(out, c.Heard, up)
	select {
	case <-up:
		return p, nil
	case <-p.ended:
		return nil, fmt.Errorf("%s has ended: %w", c.Name, p.err)
	case <-ctx.Done():
		p.Kill()
		return nil, fmt.Errorf("wait for %s: %w", c.Name, ctx.Err())
	}
}

// watch reads what is printed until the process and its children are over.
func (p *Process) watch(out io.ReadCloser, heard func(line string) (up, show bool), up chan struct{}) {
	defer close(p.ended)
	defer out.Close()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		isUp, show := heard(lines.Text())
		if show && !p.asked.Load() {
			fmt.Fprintf(os.Stderr, "bench: %s: %s\n", p.name, lines.Text())
		}
		if isUp && up != nil {
			close(up)
			up = nil
		}
	}
	_, _ = io.Copy(io.Discard, out) // after a line too long to scan
	p.err = p.cmd.Wait()
}

// Name returns what it was called when it was started.
func (p *Process) Name() string { return p.name }

// Stop asks the process to end and waits for its end.
func (p *Process) Stop() {
	p.asked.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.ended:
	case <-time.After(stopTime):
		fmt.Fprintf(os.Stderr, "bench: %s did not end in %v and is killed\n", p.name, stopTime)
		p.Kill()
	}
}

// Kill ends the process and its children at once.
func (p *Process) Kill() {
	p.asked.Store(true)
	_ = killAll(p.cmd.Process.Pid) // an error means that it has ended
	<-p.ended
}
