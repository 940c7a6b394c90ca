package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// What terminals of today understand: see the control functions of ECMA-48, and of xterm.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // another screen, without a cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l" // and back
	goHome      = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// display shows lines in place of those before: on a terminal on a screen of its own, which is
// given back in the end; elsewhere one after another.
type display struct {
	out      io.Writer
	terminal bool
	modes    string // of the terminal before; empty: they were left as they were
}

// openDisplay takes the terminal over, if it is one; q calls end.
func openDisplay(out io.Writer, end context.CancelFunc) *display {
	s := &display{out: out, terminal: isTerminal(out)}
	if !s.terminal {
		return s
	}
	fmt.Fprint(out, enterScreen)
	if isTerminal(os.Stdin) {
		s.modes = strings.TrimSpace(stty("-g"))
	}
	if s.modes != "" {
		stty("-icanon", "-echo", "min", "1") // each key at once, and Ctrl-C as ever
		go awaitQ(os.Stdin, end)             // until the process ends: a read of a terminal cannot be broken off
	}
	return s
}

// awaitQ calls end once somebody typed a q.
func awaitQ(in io.Reader, end context.CancelFunc) {
	key := make([]byte, 16)
	for {
		n, err := in.Read(key)
		if bytes.ContainsAny(key[:n], "qQ") {
			end()
			return
		}
		if err != nil {
			return
		}
	}
}

// show draws. Nothing is cleared before, so that nothing flickers.
func (s *display) show(lines []string) error {
	if !s.terminal {
		return printLines(s.out, append(lines, ""))
	}
	_, err := io.WriteString(s.out, goHome+strings.Join(lines, clearLine+"\r\n")+clearLine+clearBelow)
	return err
}

// close leaves the terminal as it was.
func (s *display) close() {
	if s.modes != "" {
		stty(s.modes)
	}
	if s.terminal {
		fmt.Fprint(s.out, leaveScreen)
	}
}

// stty asks the terminal, or sets it; empty: there is no such program, or no terminal. It is on
// every Unix, and what it does differs from one to the next.
func stty(args ...string) string {
	command := exec.Command("stty", args...)
	command.Stdin = os.Stdin
	told, err := command.Output()
	if err != nil {
		return ""
	}
	return string(told)
}

// sized is how large the terminal was when it was asked last. It is not asked for each picture.
var sized struct {
	sync.Mutex
	width, height int
	at            time.Time
}

// sizeOf returns how large an output is, in characters; a height of 0: it has no end.
func sizeOf(out io.Writer) (width, height int, terminal bool) {
	if !isTerminal(out) {
		return topWidth, 0, false
	}
	sized.Lock()
	defer sized.Unlock()
	if time.Since(sized.at) > 2*time.Second {
		sized.at = time.Now()
		if n, _ := fmt.Sscan(stty("size"), &sized.height, &sized.width); n != 2 || sized.width < 1 {
			sized.height, sized.width = 24, 80
		}
	}
	return sized.width, sized.height, true
}
