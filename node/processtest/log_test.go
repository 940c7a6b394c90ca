//go:build unix

package processtest

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// maxLines bounds what is kept of the log of one process: the newest lines.
const maxLines = 5000

// logged takes what a process writes to stderr.
type logged struct {
	mu      sync.Mutex // guards the rest
	part    []byte     // of a line whose end is to come
	lines   []string
	changed chan struct{} // closed with the next line
}

func newLogged() *logged { return &logged{changed: make(chan struct{})} }

// Write implements io.Writer.
func (l *logged) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, data...)
	for {
		line, rest, whole := bytes.Cut(l.part, []byte("\n"))
		if !whole {
			break
		}
		l.lines = append(l.lines, string(line))
		l.part = rest
	}
	if len(l.lines) > 2*maxLines {
		l.lines = append([]string(nil), l.lines[len(l.lines)-maxLines:]...)
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return len(data), nil
}

// find returns the first line that contains all of the words.
func (l *logged) find(words ...string) (line string, found bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
search:
	for _, line := range l.lines {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue search
			}
		}
		return line, true, nil
	}
	return "", false, l.changed
}

// await waits for a line that contains all of the words.
func (l *logged) await(t *testing.T, words ...string) string {
	t.Helper()
	late := time.After(patience)
	for {
		line, found, changed := l.find(words...)
		if found {
			return line
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no line of the log says %q", words)
		}
	}
}

// String returns all that is kept.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n") + "\n" + string(l.part)
}
