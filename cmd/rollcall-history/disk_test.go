//go:build unix

package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var mount = flag.Bool("mount", false, "also run what needs a disk of its own, as root: see scripts/faults")

// What is told while the disk of the database is full is recorded when there is room again.
func TestFaultDiskOfTheDatabaseIsFull(t *testing.T) {
	if !*mount {
		t.Skip("needs a disk of its own; run scripts/faults")
	}
	disk := t.TempDir()
	system(t, "mount", "-t", "tmpfs", "-o", "size=8m", "none", disk)
	t.Cleanup(func() { system(t, "umount", disk) })
	w, program, s := recorded(t, "sqlite:"+filepath.Join(disk, "history.db"))

	filler := fill(t, filepath.Join(disk, "filler"))
	for !strings.Contains(program.log.String(), "full") {
		w.round(t, nil) // of which some fits in what the database has
		if t.Failed() || t.Context().Err() != nil {
			return
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	w.round(t, nil)
	w.settle(t, s)
	w.compare(t, s)
	t.Log(program.log.String())
}

// fill writes to a file until the disk is full.
func fill(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling %s ended with %v", path, err)
	}
	return path
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func system(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(command, " "), err, out)
	}
}
