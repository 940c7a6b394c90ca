package main

import (
	"fmt"
	"io"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// loadPause is the time between two lines where nobody sees them being replaced.
const loadPause = 5 * time.Second

// loadProgress shows how far a load is: on a terminal on one line that is written anew, else on a line
// now and then.
type loadProgress struct {
	out      io.Writer
	terminal bool
	next     time.Time // when another line is due
}

func newLoadProgress(out io.Writer) *loadProgress {
	return &loadProgress{out: out, terminal: isTerminal(out), next: time.Now().Add(loadPause)}
}

// show is never called concurrently.
func (l *loadProgress) show(p load.Progress) {
	text := fmt.Sprintf("load: %s %d", p.Phase, p.Done)
	if p.Of > 0 {
		text += fmt.Sprintf(" of %d", p.Of)
	}
	if l.terminal {
		fmt.Fprint(l.out, "\r"+text+clearLine)
		return
	}
	if now := time.Now(); now.After(l.next) {
		l.next = now.Add(loadPause)
		fmt.Fprintln(l.out, text)
	}
}

// end makes room for what comes after.
func (l *loadProgress) end() {
	if l.terminal {
		fmt.Fprint(l.out, "\r"+clearLine)
	}
}
