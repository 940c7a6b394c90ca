package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rollcall-presence/rollcall/gossip"
)

// errAsked ends a stream that the core no longer wants.
var errAsked = errors.New("closed by this node")

// Carry carries out what the core asked for: packets, dials, wakes and closes;
// the rest of the effects is the Host's. It does not wait for the network.
// Nothing is carried before Start and after Close.
func (m *Mesh) Carry(fx gossip.Effects) {
	m.mu.Lock()
	running, list := m.state == isStarted, m.list // which comes a little later
	var closes []*stream
	for _, l := range fx.Closes {
		if s := m.streams[l]; s != nil {
			closes = append(closes, s)
		}
	}
	for _, l := range fx.Wakes {
		if s := m.streams[l]; s != nil {
			s.wakeUp()
		}
	}
	if running {
		for _, d := range fx.Dials {
			if !m.dialing[d.To] {
				m.dialing[d.To] = true
				m.wg.Go(func() { m.dial(d) })
			}
		}
	}
	m.mu.Unlock()

	for _, s := range closes {
		s.end(errAsked)
	}
	if running && list != nil {
		for _, p := range fx.Packets {
			m.send(list, p)
		}
	}
}

// send sends one datagram, or counts why not.
func (m *Mesh) send(list *memberlist.Memberlist, p gossip.Packet) {
	addr, err := netip.ParseAddrPort(p.Addr)
	if err != nil {
		m.count.noAddress.Add(1)
		return
	}
	to := &memberlist.Node{Name: p.To.String(), Addr: addr.Addr().AsSlice(), Port: addr.Port()}
	if err := list.SendBestEffort(to, p.Data); err != nil {
		m.count.packetsUnsent.Add(1)
		return
	}
	m.count.packetsOut.Add(1)
}

// dial opens the stream that the core asked for, and runs it.
func (m *Mesh) dial(d gossip.Dial) {
	raw, stream, err := m.connect(d.Addr)
	if err != nil {
		m.count.dialsFailed.Add(1)
		m.complain(d.Addr, fmt.Errorf("dial: %w", err))
		m.do(func(c core, now time.Time) {
			m.dialed(d)
			c.DialFailed(now, d.To)
		})
		return
	}
	m.count.dialed.Add(1)
	s := newStream(m, raw, stream, d.Addr)
	m.do(func(c core, now time.Time) {
		m.dialed(d)
		s.link = c.Opened(now, d.To)
		m.register(s)
	})
	s.run(s.first)
}

// dialed allows the next dial. It is called within Do, so that a dial that the
// core asks for in the same breath is not taken for the one that is over.
func (m *Mesh) dialed(d gossip.Dial) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.dialing, d.To)
}

// connect dials an address and proves the key. Closing raw ends the stream.
func (m *Mesh) connect(addr string) (raw *conn, stream net.Conn, err error) {
	by := time.Now().Add(m.cfg.StreamTimeout)
	ctx, cancel := context.WithDeadline(m.ctx, by)
	defer cancel()
	if raw, err = m.router.dial(ctx, addr); err != nil {
		return nil, nil, err
	}
	if stream, err = m.id.dial(ctx, raw, by); err != nil {
		_ = raw.Close()
		return nil, nil, err
	}
	return raw, stream, nil
}

// serve runs a stream that was accepted. The core learns of it with its first
// frame: a seed that is tried only shakes hands.
func (m *Mesh) serve(raw *conn, decided func()) {
	peer := hostOf(raw.RemoteAddr())
	rw, err := m.id.accept(m.ctx, raw, time.Now().Add(m.cfg.StreamTimeout))
	decided()
	if err != nil {
		if !errors.Is(err, ErrDiffers) { // which is counted by itself
			m.count.garbage.Add(1)
		}
		m.complain(peer, fmt.Errorf("accept: %w", err))
		_ = raw.Close()
		return
	}
	s := newStream(m, raw, rw, peer)
	first, err := s.first()
	if err != nil {
		s.end(err)
		s.sayWhy()
		return
	}
	m.count.accepted.Add(1)
	m.do(func(c core, now time.Time) {
		s.link = c.Accepted(now)
		m.register(s)
		err = c.Receive(now, s.link, first)
	})
	if err != nil {
		s.end(s.broken(err))
	}
	s.run(s.next)
}

func (m *Mesh) register(s *stream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[s.link] = s
}

func (m *Mesh) unregister(s *stream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.streams, s.link)
}

// hostOf returns an address without its port, which says nothing of one that dialed.
func hostOf(addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}
