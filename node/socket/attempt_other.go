//go:build !unix

package socket

import "syscall"

// attempt is a write that does not wait, of which there are none here.
type attempt struct{}

func newAttempt() *attempt { return nil }

func (*attempt) write(syscall.RawConn, []byte) (int, error) { return 0, nil }
