//go:build unix

package processtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// Ports are taken below those from which systems serve outgoing connections, so
// that no client takes the port of a node that is just being restarted.
const (
	firstPort = 10_000
	lastPort  = 32_000
)

var ports struct {
	sync.Mutex
	used map[int]bool
}

// freePort returns a loopback address that is free for TCP and UDP, and that no
// other test of this run gets.
func freePort(t *testing.T) string {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	if ports.used == nil {
		ports.used = map[int]bool{}
	}
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		if !ports.used[port] && isFree(addr) {
			ports.used[port] = true
			return addr
		}
	}
	t.Fatal("no free port found")
	return ""
}

func isFree(addr string) bool {
	stream, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer stream.Close()
	packets, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	packets.Close()
	return true
}
