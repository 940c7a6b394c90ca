//go:build unix

package load

import (
	"math"
	"strings"
	"syscall"
	"testing"
)

func TestMoreClientsThanOpenFilesAreRefused(t *testing.T) {
	if err := allowFiles(1, 1); err != nil {
		t.Error(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max > math.MaxInt32 {
		t.Skipf("this system has no limit: %v", err)
	}
	if err := allowFiles(int(limit.Max), 1); err == nil || !strings.Contains(err.Error(), "open files, and this system allows") {
		t.Errorf("%v, want that it names the limit", err)
	}
}
