//go:build unix

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/node"
)

// asProgram makes the binary of these tests the program itself.
const asProgram = "ROLLCALL_HISTORY_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Args[0] = "rollcall-history"
		main()
	}
	os.Exit(m.Run())
}

// program is a process of rollcall-history.
type program struct {
	cmd  *exec.Cmd
	log  *lines
	over chan struct{}
}

// startProgram returns when the process has begun to record.
func startProgram(t *testing.T, address string, nodes []*node.Node) *program {
	t.Helper()
	p := &program{log: new(lines), over: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], "--db", address, "--key", "key")
	for _, n := range nodes {
		p.cmd.Args = append(p.cmd.Args, "--url", "http://"+n.AdminAddr())
	}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.over)
	}()
	t.Cleanup(p.kill)
	eventually(t, "it records", func() bool {
		select {
		case <-p.over:
			t.Fatalf("it has ended: %s", p.log)
		default:
		}
		return strings.Contains(p.log.String(), "msg=recording")
	})
	return p
}

// kill ends the process as kill -9 does.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.over
}
