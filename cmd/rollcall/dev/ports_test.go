package dev

import (
	"net"
	"testing"
)

func TestFreeAddressesAreFreeAndDifferent(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:8080")
	if err == nil {
		defer busy.Close()
	} // else somebody else has it, which is as good
	found, err := freeAddresses(4)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"127.0.0.1:8080": true}
	for _, a := range found {
		for _, address := range []string{a.listen, a.admin, a.gossip} {
			if seen[address] {
				t.Errorf("%s is taken", address)
			}
			seen[address] = true
		}
		listener, err := net.Listen("tcp", a.gossip)
		if err != nil {
			t.Fatalf("gossip: %v", err)
		}
		defer listener.Close()
		packets, err := net.ListenPacket("udp", a.gossip)
		if err != nil {
			t.Fatalf("gossip: %v", err)
		}
		defer packets.Close()
	}
}
