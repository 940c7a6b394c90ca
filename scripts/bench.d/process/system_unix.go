//go:build unix

package process

import (
	"math"
	"syscall"
)

// apart has a process lead a group of its own, with which killAll ends its children too.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func killAll(leader int) error { return syscall.Kill(-leader, syscall.SIGKILL) }

// OpenFiles is how many files a process may open.
func OpenFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return math.MaxInt
	}
	return int(min(l.Max, math.MaxInt))
}
