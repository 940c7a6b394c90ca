//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/dev"
)

// console is a terminal with a shell, in a folder where the program is built already. The ports
// of a text that is typed there are others, which are free here.
type console struct {
	screen
	dir      string
	keyboard io.Writer
	there    *strings.Replacer // puts these ports into a text; screen.ports does the reverse
}

// newConsole starts one for all that a text tells to type, which may need curl.
func newConsole(t *testing.T, text string) *console {
	t.Helper()
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	s := &console{dir: t.TempDir()}
	s.there, s.ports = movePorts(t, text)
	bin := filepath.Join(s.dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err == nil {
		err = os.Symlink(program, filepath.Join(bin, "rollcall"))
	}
	if err != nil {
		t.Fatal(err)
	}
	stdin, keyboard := io.Pipe()
	s.keyboard = keyboard
	terminal(t, &s.screen, stdin, s.dir, "sh")
	t.Cleanup(func() { keyboard.Close() })
	return s
}

// types types what a block says, but for building the program: it is this one.
func (s *console) types(t *testing.T, text string) {
	t.Helper()
	text = strings.Replace(text, "go build -o bin/rollcall ./cmd/rollcall\n", "", 1)
	if _, err := io.WriteString(s.keyboard, s.there.Replace(text)); err != nil {
		t.Fatal(err)
	}
}

// output runs a command beside all that, where the program is, and returns what it prints.
func (s *console) output(t *testing.T, line string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sh", "-c", s.there.Replace(line))
	c.Dir = filepath.Join(s.dir, "bin")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s%v: %s", line, err, out)
	}
	return s.ports.Replace(string(out))
}

// movePorts finds a free port for each that a text names. It returns what puts
// them into a text, and what puts the former ones back.
func movePorts(t *testing.T, text string) (there, back *strings.Replacer) {
	t.Helper()
	var hold dev.Ports
	defer hold.Release()
	var to, from []string
	known := map[string]bool{}
	for _, address := range regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(text, -1) {
		if known[address] {
			continue
		}
		known[address] = true
		free, err := hold.Both()
		if err != nil {
			t.Fatal(fmt.Errorf("a port for %s: %w", address, err))
		}
		to, from = append(to, address, free), append(from, free, address)
	}
	return strings.NewReplacer(to...), strings.NewReplacer(from...)
}
