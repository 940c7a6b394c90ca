//go:build unix

package main

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What differs each time in an answer is, in the README, always the same.
var (
	anyID      = regexp.MustCompile(`[0-9a-f]{32}(-[0-9a-z]+)?`)
	anyDate    = regexp.MustCompile(`\b1[0-9]{12}\b`)
	anyPace    = regexp.MustCompile(`"(interval|timeout|grace)":\s*\d+`) // the test has its own
	anyVersion = regexp.MustCompile(`"version":\s*"[^"]*"`)
)

// plain returns JSON, or the lines of it that are none, without what differs each time.
func plain(t *testing.T, text string) (value any) {
	t.Helper()
	text = anyID.ReplaceAllStringFunc(text, func(id string) string {
		if strings.Contains(id, "-") {
			return "session"
		}
		return "node"
	})
	text = anyPace.ReplaceAllString(text, `"$1": 1`)
	text = anyVersion.ReplaceAllString(anyDate.ReplaceAllString(text, "1"), `"version": "v"`)
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestReadmeAsksOverHTTP(t *testing.T) {
	t.Parallel()
	section := readme(t, "Running it")
	running := part(t, section, "")
	s := newConsole(t, running)
	s.types(t, "export ROLLCALL_TIMEOUT=2m\n") // nobody is given up here
	blocks := fences(t, running, "sh")         // three nodes, bob, alice, and more
	s.types(t, blocks[0].text+blocks[1].text)
	// Whoever types waits for that; else alice may be there before bob, who then hears of no join.
	eventually(t, "bob, who watches", func() bool { return strings.Contains(s.String(), "room.1: 0 here") })
	s.types(t, blocks[2].text)
	eventually(t, "join of alice", func() bool { return strings.Contains(s.String(), "room.1 join alice") })

	typed, count := "", 0
	for _, block := range fences(t, part(t, section, "Asking and telling over HTTP"), "") {
		if block.kind == "sh" {
			typed = block.text
			continue
		}
		count++
		s.isAnswered(t, typed, block)
	}
	if count < 10 {
		t.Errorf("only %d samples were found", count)
	}
}

// isAnswered demands that what is typed is answered as a block says. What only asks is typed
// again: a busy machine may show a node as late for a moment.
func (s *console) isAnswered(t *testing.T, typed string, want fence) {
	t.Helper()
	once := strings.Contains(typed, "-X") || strings.Contains(typed, "-d")
	for late := time.Now().Add(patient); ; {
		got := s.output(t, typed)
		if want.isLike(t, got) {
			return
		}
		if once || time.Now().After(late) {
			t.Fatalf("%sis answered\n%s\nwant, as the README says:\n%s", typed, got, want.text)
		}
	}
}

// isLike reports whether a block shows that text, or the same JSON but for what differs each time.
func (f fence) isLike(t *testing.T, text string) bool {
	t.Helper()
	if f.kind == "json" {
		return reflect.DeepEqual(plain(t, text), plain(t, f.text))
	}
	return text == f.text
}
