package mesh

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/hashicorp/memberlist"
)

// Transport is what a mesh runs over: the packets and connections of one port,
// memberlist's and the mesh's own. DialContext must return when ctx ends, and
// Shutdown must end whatever serves the two channels.
type Transport interface {
	memberlist.Transport
	DialContext(ctx context.Context, addr string) (net.Conn, error)
}

// sockets is a Transport of real sockets.
type sockets struct{ *memberlist.NetTransport }

func (sockets) DialContext(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

// bindTries is how often port 0 is tried: the system picks a port for TCP that
// somebody else may hold for UDP.
const bindTries = 10

// bind listens on UDP and TCP, and returns where: port 0 became a port.
func bind(addr netip.AddrPort, logger *log.Logger) (Transport, netip.AddrPort, error) {
	tries := 1
	if addr.Port() == 0 {
		tries = bindTries
	}
	var err error
	for range tries {
		var t *memberlist.NetTransport
		t, err = memberlist.NewNetTransport(&memberlist.NetTransportConfig{
			BindAddrs: []string{addr.Addr().String()},
			BindPort:  int(addr.Port()),
			Logger:    logger,
		})
		if err == nil {
			return sockets{t}, netip.AddrPortFrom(addr.Addr(), uint16(t.GetAutoBindPort())), nil
		}
	}
	return nil, addr, fmt.Errorf("listen for gossip on %s: %w", addr, reason(err))
}

// reason finds the system's word in an error that memberlist formatted without wrapping.
func reason(err error) error {
	for _, errno := range []syscall.Errno{syscall.EADDRINUSE, syscall.EADDRNOTAVAIL, syscall.EACCES} {
		if strings.HasSuffix(err.Error(), errno.Error()) {
			return errno
		}
	}
	return err
}
