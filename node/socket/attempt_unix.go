//go:build unix

package socket

import (
	"errors"
	"syscall"
)

// attempt is a write that does not wait. It belongs to one goroutine, which makes one
// after the other with it, so that none of them allocates.
type attempt struct {
	p   []byte
	n   int // bytes written
	err error
	do  func(fd uintptr) bool
}

func newAttempt() *attempt {
	a := new(attempt)
	a.do = func(fd uintptr) bool {
		a.n, a.err = syscall.Write(int(fd), a.p)
		return true // that it is over, whatever came of it
	}
	return a
}

// write writes as much of p as a connection takes at once, perhaps nothing.
func (a *attempt) write(conn syscall.RawConn, p []byte) (n int, err error) {
	a.p, a.n, a.err = p, 0, nil
	broken := conn.Write(a.do)
	a.p = nil
	switch {
	case broken != nil:
		return 0, broken
	case errors.Is(a.err, syscall.EAGAIN), errors.Is(a.err, syscall.EINTR):
		return 0, nil
	}
	return max(a.n, 0), a.err
}
