package dev

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// addresses are where one node of a cluster on this machine listens.
type addresses struct{ listen, admin, gossip string }

// firstPort is where a node alone would serve browsers.
const firstPort = 8080

// Other ports are these, which are below those that systems give to outgoing
// connections: so none of these takes one before the node that is to listen there.
const (
	leastPort = 10_000
	mostPort  = 32_000
)

// freeAddresses finds loopback addresses for n nodes. All are held until the last
// is found, so that none is found twice; who takes one in the moment after
// makes its node fail, with an error that says so.
func freeAddresses(n int) ([]addresses, error) {
	var hold Ports
	defer hold.Release()
	found := make([]addresses, n)
	for i := range found {
		a := &found[i]
		var err error
		if a.listen, err = hold.tcp(firstPort + i); err != nil {
			a.listen, err = hold.Both()
		}
		if err == nil {
			a.admin, err = hold.Both()
		}
		if err == nil {
			a.gossip, err = hold.Both()
		}
		if err != nil {
			return nil, fmt.Errorf("find a free port for node %d: %w", i+1, err)
		}
	}
	return found, nil
}

// Ports are ports of loopback, taken until they are released.
type Ports []interface{ Close() error }

// Release frees them.
func (h *Ports) Release() {
	for _, port := range *h {
		port.Close()
	}
}

func (h *Ports) tcp(port int) (string, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	*h = append(*h, listener)
	return listener.Addr().String(), nil
}

// Both takes one that is free for TCP and UDP alike.
func (h *Ports) Both() (address string, err error) {
	for range 100 { // most ports are free
		if address, err = h.tcp(leastPort + rand.IntN(mostPort-leastPort)); err != nil {
			continue
		}
		packets, failed := net.ListenPacket("udp", address)
		if failed == nil {
			*h = append(*h, packets)
			return address, nil
		}
		err = failed
	}
	return "", err
}
