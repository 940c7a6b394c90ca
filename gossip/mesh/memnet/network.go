// Package memnet is a network in memory, for tests on virtual time: packets that
// are lost, directions that are cut, and no real socket, so that whole clusters
// run inside a testing/synctest bubble.
//
// A [Network] knows the hosts by address. Each [Host] is a memberlist transport
// with a dialer, which is what a mesh runs over. Everything waits on channels
// and timers of the bubble that it was made in: make the network there too.
package memnet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

// queued bounds the packets and connections that wait at one host. What comes
// beyond it is lost, as it is at a full socket buffer.
const queued = 1024

// Network connects hosts. Its methods may be called concurrently.
type Network struct {
	mu    sync.Mutex
	rng   *rand.Rand
	loss  float64
	hosts map[string]*Host
	cuts  map[route]bool
	flows map[*flow]route // directions of open streams
	sent  Traffic
}

// Traffic is what was sent over a network since it was made, lost or not: the bytes
// that its users handed over, without the headers that a real network adds.
type Traffic struct {
	Packets, PacketBytes int
	Dials, StreamBytes   int
}

// route is one direction between two hosts.
type route struct{ from, to string }

// New returns a network without hosts that loses nothing. The seed decides
// which packets are lost once [Network.Lose] was called.
func New(seed uint64) *Network {
	return &Network{
		rng:   rand.New(rand.NewPCG(seed, seed)),
		hosts: map[string]*Host{},
		cuts:  map[route]bool{},
		flows: map[*flow]route{},
	}
}

// Lose makes packets get lost from now on, each with the given probability, 0 to 1.
// Streams lose nothing.
func (n *Network) Lose(probability float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss = probability
}

// Cut ends one direction between two addresses: packets are lost, and bytes of
// streams wait until it is healed, as TCP repeats what nobody acknowledges.
func (n *Network) Cut(from, to string) { n.set(route{from, to}, true) }

// Heal undoes [Network.Cut].
func (n *Network) Heal(from, to string) { n.set(route{from, to}, false) }

func (n *Network) set(r route, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cuts[r] = cut
	for f, at := range n.flows {
		if at == r {
			f.hold(cut)
		}
	}
}

// Host joins a host to the network. The address is an IP address and a port.
func (n *Network) Host(addr string) (*Host, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("memnet: address %q: %w", addr, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[addr] != nil {
		return nil, fmt.Errorf("memnet: address %s: %w", addr, syscall.EADDRINUSE)
	}
	h := &Host{
		net:     n,
		addr:    ap,
		packets: make(chan *memberlist.Packet, queued),
		streams: make(chan net.Conn, queued),
	}
	n.hosts[addr] = h
	return h, nil
}

// Sent returns what was sent until now.
func (n *Network) Sent() Traffic {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sent
}

// Since returns what was sent after an earlier moment.
func (t Traffic) Since(then Traffic) Traffic {
	return Traffic{t.Packets - then.Packets, t.PacketBytes - then.PacketBytes, t.Dials - then.Dials, t.StreamBytes - then.StreamBytes}
}

// send carries one packet, or loses it.
func (n *Network) send(from *Host, to string, b []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent.Packets++
	n.sent.PacketBytes += len(b)
	h := n.hosts[to]
	if h == nil || n.cuts[route{from.addr.String(), to}] || n.rng.Float64() < n.loss {
		return
	}
	p := &memberlist.Packet{Buf: append([]byte(nil), b...), From: net.UDPAddrFromAddrPort(from.addr), Timestamp: time.Now()}
	select {
	case h.packets <- p:
	default:
	}
}

// dial returns a connection, or nil while one of the directions is cut.
func (n *Network) dial(from *Host, to string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent.Dials++
	here := from.addr.String()
	h := n.hosts[to]
	switch {
	case n.cuts[route{here, to}] || n.cuts[route{to, here}]:
		return nil, nil
	case h == nil || len(h.streams) == cap(h.streams):
		return nil, syscall.ECONNREFUSED
	}
	out, back := newFlow(n), newFlow(n)
	n.flows[out], n.flows[back] = route{here, to}, route{to, here}
	h.streams <- newConn(back, out, h.addr, from.addr) // only dial sends, and it found room
	return newConn(out, back, from.addr, h.addr), nil
}

// carried counts bytes of streams.
func (n *Network) carried(bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent.StreamBytes += bytes
}

// forget drops directions that both ends have closed. Until then a direction
// that is cut can still be healed, so that the other end learns of the close.
func (n *Network) forget(flows ...*flow) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range flows {
		if f.over() {
			delete(n.flows, f)
		}
	}
}

// Host is one end of the network. It implements memberlist.Transport.
type Host struct {
	net     *Network
	addr    netip.AddrPort
	packets chan *memberlist.Packet
	streams chan net.Conn
}

// FinalAdvertiseAddr returns the address of the host, whatever was configured.
func (h *Host) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return h.addr.Addr().AsSlice(), int(h.addr.Port()), nil
}

// WriteTo sends one packet. It never blocks and never fails: a packet may get lost.
func (h *Host) WriteTo(b []byte, addr string) (time.Time, error) {
	h.net.send(h, addr, b)
	return time.Now(), nil
}

// PacketCh returns the packets that arrive.
func (h *Host) PacketCh() <-chan *memberlist.Packet { return h.packets }

// StreamCh returns the connections that others dialed.
func (h *Host) StreamCh() <-chan net.Conn { return h.streams }

// DialTimeout is [Host.DialContext] with a time limit.
func (h *Host) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return h.DialContext(ctx, addr)
}

// DialContext connects to a host. Nobody there is refused at once, a cut
// direction is waited for until ctx ends.
func (h *Host) DialContext(ctx context.Context, addr string) (net.Conn, error) {
	conn, err := h.net.dial(h, addr)
	if conn == nil && err == nil {
		<-ctx.Done()
		if err = ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
			err = os.ErrDeadlineExceeded // as net.Dialer says it
		}
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return conn, nil
}

// Shutdown takes the host off the network. Open connections stay until they
// are closed; those that nobody accepted are closed.
func (h *Host) Shutdown() error {
	h.net.mu.Lock()
	if h.net.hosts[h.addr.String()] == h {
		delete(h.net.hosts, h.addr.String())
	}
	h.net.mu.Unlock()
	for {
		select {
		case conn := <-h.streams:
			_ = conn.Close()
		default:
			return nil
		}
	}
}
