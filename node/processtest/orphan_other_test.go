//go:build unix && !linux

package processtest

import "syscall"

// noOrphan can do nothing here: a process outlives tests that are killed.
func noOrphan() *syscall.SysProcAttr { return nil }
