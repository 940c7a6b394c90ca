//go:build unix

package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	text = anyVersion.ReplaceAllString(anyDate.ReplaceAllString(text, "1"), `"version": "v"`)
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestReadmeAsksOverHTTP(t *testing.T) {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	t.Parallel()
	all := readme(t, "Running it")
	running, _, _ := strings.Cut(all, "\n### ")
	_, asking, _ := strings.Cut(all, "\n### Asking and telling over HTTP\n")
	asking, _, _ = strings.Cut(asking, "\n### ")
	there, back := movePorts(t, running)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err == nil {
		err = os.Symlink(program, filepath.Join(dir, "bin", "rollcall"))
	}
	if err != nil {
		t.Fatal(err)
	}

	stdin, keyboard := io.Pipe()
	s := &screen{}
	terminal(t, s, stdin, dir, "sh")
	defer keyboard.Close()
	_, _ = io.WriteString(keyboard, "export ROLLCALL_TIMEOUT=2m\n") // nobody is given up here
	for _, block := range fences(t, running, "sh")[:3] {            // three nodes, bob and alice
		text := strings.Replace(block.text, "go build -o bin/rollcall ./cmd/rollcall\n", "", 1)
		if _, err := io.WriteString(keyboard, there.Replace(text)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "join of alice", func() bool { return strings.Contains(s.String(), "room.1 join alice") })

	typed, count := "", 0
	for _, block := range fences(t, asking, "") {
		if block.kind == "sh" {
			typed = there.Replace(block.text)
			continue
		}
		count++
		got := ""
		is := func() bool {
			command := exec.CommandContext(t.Context(), "sh", "-c", typed)
			command.Dir = filepath.Join(dir, "bin")
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%s%v: %s", typed, err, out)
			}
			got = back.Replace(string(out))
			if block.kind == "json" {
				return reflect.DeepEqual(plain(t, got), plain(t, block.text))
			}
			return got == block.text
		}
		if strings.Contains(typed, "-X") || strings.Contains(typed, "-d") {
			if !is() {
				t.Errorf("%sis answered\n%s\nwant, as the README says:\n%s", typed, got, block.text)
			}
			continue
		}
		late := time.Now().Add(patient) // a busy machine may show a node as late for a moment
		for !is() {
			if time.Now().After(late) {
				t.Fatalf("%sis answered\n%s\nwant, as the README says:\n%s", typed, got, block.text)
			}
		}
	}
	if count < 10 {
		t.Errorf("only %d samples were found", count)
	}
}
