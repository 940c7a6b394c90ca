//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What the README tells to type is typed here, and what it says one will see has
// to be seen: all of it, and nothing else.

// patient is how long what has to be seen may take.
const patient = 2 * time.Minute

// screen is a terminal. In its text the time of day is that of the README, and so
// are the ports, if they had to be others.
type screen struct {
	output
	ports *strings.Replacer
}

var (
	timeOfDay = regexp.MustCompile(`\d\d:\d\d:\d\d\.\d\d\d`)
	killed    = regexp.MustCompile(`(?m)^.*\bKilled\b.*\n`) // said by the shell of whom it started
)

func (s *screen) text() string {
	text := killed.ReplaceAllString(timeOfDay.ReplaceAllString(s.String(), "10:00:00.000"), "")
	if s.ports != nil {
		text = s.ports.Replace(text)
	}
	return text
}

// await waits until the screen shows exactly that.
func (s *screen) await(t *testing.T, want string) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.After(patient); ; {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("after %v the terminal shows:\n%swant, as the README says:\n%s", patient, s.text(), want)
		}
		switch text := s.text(); {
		case text == want:
			return
		case !strings.HasPrefix(want, text):
			t.Fatalf("the terminal shows:\n%swant, as the README says:\n%s", text, want)
		}
	}
}

// terminal starts a command in a group of processes of its own, which ends with the test.
func terminal(t *testing.T, s io.Writer, stdin io.Reader, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = dir, stdin, s, s
	c.Env = append(os.Environ(), asProgram+"=1", "ROLLCALL_INTERVAL=2s", "ROLLCALL_TIMEOUT=7s")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
	})
	return c
}

func TestReadmeTour(t *testing.T) {
	t.Parallel()
	seen := fences(t, readme(t, "A minute's tour"), "text alice")
	cluster := new(screen)
	terminal(t, cluster, nil, "", os.Args[0], "dev", "--interval=10s", "--page=127.0.0.1:0")
	lines := devLines(t, cluster)
	alice, want := new(screen), seen[0].text
	// node-1 serves at the first port that is free, 8080 in the README.
	alice.ports = strings.NewReplacer(regexp.MustCompile(`ws://\S+`).FindString(strings.Join(lines[0], " ")), "ws://127.0.0.1:8080/v1/connect")
	terminal(t, alice, nil, "", os.Args[0], lines[0]...)
	told := strings.SplitAfter(want, "\n")
	if len(told) < 5 {
		t.Fatalf("the README shows alice only %q", want)
	}
	bob := func() *exec.Cmd { return terminal(t, io.Discard, nil, "", os.Args[0], lines[1]...) }

	alice.await(t, strings.Join(told[:3], ""))
	first := bob()
	alice.await(t, strings.Join(told[:4], ""))
	_ = first.Process.Signal(os.Interrupt)
	alice.await(t, want)

	second := bob()
	again := strings.SplitAfter(seen[1].text, "\n")
	alice.await(t, want+again[0])
	began := time.Now()
	_ = second.Process.Kill() // as good as SIGHUP, which a closed terminal sends; but that is ignored under nohup
	want += seen[1].text
	alice.await(t, want)
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("bob left %v after his terminal was closed, want no less than the grace", took)
	}

	third, output := new(screen), new(screen)
	one := terminal(t, third, nil, "", os.Args[0], lines[1]...)
	alice.await(t, want+again[0])
	two := terminal(t, output, nil, "", os.Args[0], lines[1]...)
	eventually(t, "bob's second tab", func() bool { return strings.Contains(output.String(), "here bob") })
	_ = one.Process.Signal(os.Interrupt)
	_ = one.Wait()
	_ = two.Process.Signal(os.Interrupt) // this makes the leave; if the first had made one, there would be two
	alice.await(t, want+seen[0].line(3)+seen[0].line(4))
}

// line returns one line of a block.
func (f fence) line(i int) string { return strings.SplitAfter(f.text, "\n")[i] }

// eventually waits until something has happened.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.After(patient); !ok(); {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("after %v there is none: %s", patient, what)
		}
	}
}

// devLines waits until "rollcall dev" has printed what to type, and returns what
// stands behind the name of the program in both lines.
func devLines(t *testing.T, dev *screen) (lines [][]string) {
	t.Helper()
	eventually(t, "what to type", func() bool { return strings.Contains(dev.String(), "Ctrl-C here") })
	for line := range strings.Lines(dev.String()) {
		if _, args, ok := strings.Cut(line, " watch "); ok {
			lines = append(lines, append([]string{"watch"}, strings.Fields(args)...))
		}
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines to type, want 2", len(lines))
	}
	return lines
}

func TestReadmeRunsThreeNodes(t *testing.T) {
	t.Parallel()
	text := part(t, readme(t, "Running it"), "")
	s := newConsole(t, text)
	seen := ""
	for _, block := range fences(t, text, "") {
		switch block.kind {
		case "sh":
			s.types(t, block.text)
		case "text":
			seen += block.text
			s.await(t, seen)
		}
	}
}
