package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the repository's, from here.
const root = "../../.."

// The images are built of what .dockerignore lets through, which nobody notices to be too
// little before an image is built.
func TestImagesAreBuiltOfAllThatTheyNeed(t *testing.T) {
	ignore, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	const listed = `{{if .Module}}{{if .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{end}}{{end}}`
	list := exec.Command("go", "list", "-deps", "-f", listed, "./cmd/rollcall", "./scripts/demo/chat")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	needed := strings.Fields(string(out))
	if len(needed) < 100 {
		t.Fatalf("only %d files are needed", len(needed))
	}
	for _, file := range needed {
		path, err := filepath.Rel(absolute, file)
		if err != nil {
			t.Fatal(err)
		}
		if !passes(string(ignore), path) {
			t.Errorf(".dockerignore keeps %s out", path)
		}
	}
}

// passes reports whether a file gets through the lines of a .dockerignore, of which this knows
// "*", "!folder" and "**/name".
func passes(ignore, path string) (through bool) {
	for line := range strings.Lines(ignore) {
		line = strings.TrimSpace(line)
		folder, out := strings.CutPrefix(line, "!")
		name, anywhere := strings.CutPrefix(line, "**/")
		switch {
		case line == "*":
			through = false
		case out:
			through = through || path == folder || strings.HasPrefix(path, folder+"/")
		case anywhere:
			for part := range strings.SplitSeq(path, "/") {
				if matched, _ := filepath.Match(name, part); matched {
					through = false
				}
			}
		}
	}
	return through
}

func TestImagesAreBuiltByTheGoOfTheModule(t *testing.T) {
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	for _, file := range []string{"Dockerfile", "scripts/demo/Dockerfile"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if want := "FROM golang:" + string(version[1]) + " AS build\n"; !strings.Contains(string(text), want) {
			t.Errorf("%s: want %q", file, want)
		}
	}
}
