//go:build !unix

package process

import (
	"errors"
	"math"
	"syscall"
)

func apart() *syscall.SysProcAttr { return nil }

func killAll(int) error { return errors.New("only known how on Unix") }

// OpenFiles is how many files a process may open.
func OpenFiles() int { return math.MaxInt }
