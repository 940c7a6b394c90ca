//go:build !linux

package socket

import "errors"

// poller would watch sockets that nobody reads. Here each has a goroutine.
type poller struct{}

func (*poller) join() error       { return errors.ErrUnsupported }
func (*poller) leave()            {}
func (*poller) park(*Socket) bool { return false }
func (*poller) wake(*Socket)      {}
