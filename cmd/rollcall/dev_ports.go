package main

import (
	"fmt"
	"net"
)

// addresses are where one node of a cluster on this machine listens.
type addresses struct{ listen, admin, gossip string }

// firstPort is where a node alone would serve browsers.
const firstPort = 8080

// freeAddresses finds loopback addresses for n nodes. All are held until the last
// is found, so that none is found twice; who takes one in the moment after
// makes its node fail, with an error that says so.
func freeAddresses(n int) ([]addresses, error) {
	var hold holder
	defer hold.release()
	found := make([]addresses, n)
	for i := range found {
		a := &found[i]
		var err error
		if a.listen, err = hold.tcp(firstPort + i); err != nil {
			a.listen, err = hold.tcp(0)
		}
		if err == nil {
			a.admin, err = hold.tcp(0)
		}
		if err == nil {
			a.gossip, err = hold.both()
		}
		if err != nil {
			return nil, fmt.Errorf("find a free port for node %d: %w", i+1, err)
		}
	}
	return found, nil
}

// holder keeps ports taken until it is released.
type holder []interface{ Close() error }

func (h *holder) release() {
	for _, port := range *h {
		port.Close()
	}
}

func (h *holder) tcp(port int) (string, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	*h = append(*h, listener)
	return listener.Addr().String(), nil
}

// both returns an address that is free for TCP and UDP alike.
func (h *holder) both() (address string, err error) {
	for range 20 { // a port free for one is rarely taken for the other
		if address, err = h.tcp(0); err != nil {
			return "", err
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
