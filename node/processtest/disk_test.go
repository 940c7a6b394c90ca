//go:build unix

package processtest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A node writes nothing but its log, so a full disk is to change nothing.
func TestFaultDiskIsFull(t *testing.T) {
	s := prepareStage(t, fast)
	disk := t.TempDir()
	system(t, "mount", "-t", "tmpfs", "-o", "size=64k", "none", disk)
	t.Cleanup(func() { system(t, "umount", disk) })
	log := filepath.Join(disk, "log")
	for _, p := range s.nodes {
		p.enter = append(p.enter, "sh", "-c", `exec "$@" 2>>`+log, "sh")
	}
	s.begin()
	if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 64<<10), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	was, err := os.ReadFile(log)
	if err != nil || len(was) == 0 {
		t.Fatalf("nothing was logged before: %v", err)
	}
	s.part([]int{1, 4}, []int{0, 2, 3})
	s.killTwo(1, 2)
	if is, err := os.ReadFile(log); err != nil || len(is) > len(was)+4096 || !bytes.HasPrefix(is, was) {
		t.Errorf("after the disk was full %d bytes of log became %d: %v", len(was), len(is), err)
	}
}
