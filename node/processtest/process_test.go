//go:build unix

package processtest

import (
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is one node, which may be started again after it has ended.
type process struct {
	t    *testing.T
	name string
	args []string

	listen, admin, gossip string // addresses

	command string
	enter   []string // what to run the command by, so that it is on its host
	env     []string // beside that of the tests

	// Of the run that was started last.
	cmd  *exec.Cmd
	log  *logged
	over chan struct{} // closed when it has ended
}

// start starts the process, and ends it with the test.
func (p *process) start() {
	p.t.Helper()
	p.log, p.over = newLogged(), make(chan struct{})
	command := slices.Concat(p.enter, []string{p.command}, p.args)
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = p.log, p.log, noOrphan()
	cmd, log, over := p.cmd, p.log, p.over
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		_ = cmd.Wait() // what became of it is in ProcessState
		close(over)
	}()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill() // an error says that it has ended
		<-over
		p.inspect(log)
	})
}

// inspect fails the test for what must be in no log, and shows the log then.
func (p *process) inspect(log *logged) {
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if line, found, _ := log.find(bad); found {
			p.t.Errorf("%s logged %q", p.name, line)
		}
	}
	if p.t.Failed() || *showLogs {
		p.t.Logf("log of %s:\n%s", p.name, log)
	}
}

// ended reports whether the run that was started last is over.
func (p *process) ended() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// signal sends a signal, and returns when.
func (p *process) signal(s syscall.Signal) time.Time {
	p.t.Helper()
	at := time.Now()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("send %v to %s: %v", s, p.name, err)
	}
	return at
}

// wait waits until the process has ended and returns how.
func (p *process) wait(within time.Duration) syscall.WaitStatus {
	p.t.Helper()
	select {
	case <-p.over:
		return p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	case <-time.After(within):
		p.t.Fatalf("%s has not ended after %v", p.name, within)
		panic("unreachable")
	}
}

// pause stops the process for a while and returns how long that was.
func (p *process) pause(d time.Duration) time.Duration {
	p.t.Helper()
	at := p.signal(syscall.SIGSTOP)
	<-time.After(d) // the pause itself
	p.signal(syscall.SIGCONT)
	return time.Since(at)
}

// url is where clients connect.
func (p *process) url() string { return "ws://" + p.listen + "/v1/connect" }

// readyz asks whether the process knows its cluster; 0: it does not answer.
func (p *process) readyz() int {
	response, err := http.Get("http://" + p.listen + "/readyz")
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// awaitReady waits until the process knows its cluster.
func (p *process) awaitReady() {
	p.t.Helper()
	eventually(p.t, p.name+" is ready", func() bool {
		if p.ended() {
			p.t.Fatalf("%s has ended: %s", p.name, strings.TrimSpace(p.log.String()))
		}
		return p.readyz() == http.StatusOK
	})
}

// eventually asks again and again until ok, and fails if that takes too long.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
