package main

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// asProgram is set in the environment of a test binary that is to be the program.
const asProgram = "ROLLCALL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program starts the program in a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestASignalEndsGracefully(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		watching := make(chan struct{})
		url := fakeNode(t, func(p peer) {
			p.greet("s1")
			p.expect("watch")
			p.send(twoHere)
			close(watching)
			p.bye()
		})
		c := program(t, "watch", "--token=a.b.c", "--url", url, "room")
		<-watching
		c.Process.Signal(sig)
		if err := c.Wait(); err != nil {
			t.Errorf("after %v: %v, want exit 0", sig, err)
		}
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	watching, ending := make(chan struct{}), make(chan struct{})
	url := fakeNode(t, func(p peer) {
		p.greet("s1")
		p.expect("watch")
		p.send(twoHere)
		close(watching)
		p.expect("bye")
		close(ending) // and no answer, which the program waits for
		p.Read(context.Background())
	})
	c := program(t, "watch", "--token=a.b.c", "--url", url, "room")
	<-watching
	c.Process.Signal(syscall.SIGTERM)
	<-ending
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Wait()
	}()
	again := time.NewTicker(10 * time.Millisecond) // the first may be taken for one with what was sent before
	defer again.Stop()
	for {
		select {
		case <-again.C:
			c.Process.Signal(syscall.SIGTERM)
		case <-ended:
			if status := c.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
				t.Errorf("ended with %v, want that the signal ended it", c.ProcessState)
			}
			return
		}
	}
}
