//go:build !linux

package limit

import (
	"context"
	"errors"
	"net"
)

func serveEpoll(context.Context, *net.TCPListener, []byte) error {
	return errors.New("epoll is a system call of Linux")
}
