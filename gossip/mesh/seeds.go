package mesh

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// seedsAtOnce bounds the seeds that are tried at the same time.
const seedsAtOnce = 16

// seek tries all seeds at once, says so, and then tries for ever those that are
// not members: memberlist forgets the dead after 30s, and a cluster that was
// split would stay split. The first of these tries come soon after one another, for
// nodes that are started together look for each other before they can be found.
func (m *Mesh) seek(list *memberlist.Memberlist) {
	if len(m.cfg.Seeds) > 0 {
		m.tryAll(list, m.absent())
	}
	if m.ctx.Err() != nil {
		return
	}
	m.inbox.seedsTried()
	if len(m.cfg.Seeds) == 0 {
		return
	}
	for wait := m.cfg.Interval / 16; m.pause(wait); wait = min(2*wait, m.cfg.Interval) {
		if seeds := m.absent(); len(seeds) > 0 {
			m.try(list, seeds[rand.IntN(len(seeds))])
		}
	}
}

// pause waits for about that long, so that nodes that were started together
// do not call together; false when the mesh stops.
func (m *Mesh) pause(about time.Duration) bool {
	d := about*3/4 + rand.N(about/2+1)
	select {
	case <-time.After(d):
		return true
	case <-m.ctx.Done():
		return false
	}
}

// absent returns the seeds' addresses that are not a living member's, nor this node's.
func (m *Mesh) absent() []netip.AddrPort {
	there := map[netip.AddrPort]bool{}
	for _, member := range m.Members() {
		if addr, err := netip.ParseAddrPort(member.Addr); err == nil {
			there[addr] = true
		}
	}
	var found []netip.AddrPort
	for _, addr := range m.lookup() {
		if !there[addr] && !m.isOwn(addr) && !slices.Contains(found, addr) {
			found = append(found, addr)
		}
	}
	return found
}

// lookup returns all addresses of all seeds. A name that cannot be looked up
// keeps no other from being tried.
func (m *Mesh) lookup() []netip.AddrPort {
	ctx, cancel := context.WithTimeout(m.ctx, m.cfg.StreamTimeout)
	defer cancel()
	var wg sync.WaitGroup
	addrs := make([][]netip.AddrPort, len(m.cfg.Seeds))
	for i, seed := range m.cfg.Seeds {
		wg.Go(func() {
			var err error
			addrs[i], err = resolve(ctx, m.cfg.Resolver, seed, DefaultPort)
			if err != nil && m.ctx.Err() == nil {
				m.warn(seed, "seed: "+err.Error())
			}
		})
	}
	wg.Wait()
	return slices.Concat(addrs...)
}

// isOwn reports whether an address is this node's own.
func (m *Mesh) isOwn(addr netip.AddrPort) bool {
	return slices.ContainsFunc(m.own, func(own netip.AddrPort) bool {
		anywhere := own.Addr().IsUnspecified() && addr.Addr().IsLoopback()
		return own == addr || anywhere && own.Port() == addr.Port()
	})
}

// tryAll tries seeds and logs if none answered.
func (m *Mesh) tryAll(list *memberlist.Memberlist, seeds []netip.AddrPort) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, seedsAtOnce)
	results := make([]error, len(seeds))
	for i, seed := range seeds {
		slots <- struct{}{}
		wg.Go(func() {
			results[i] = m.try(list, seed)
			<-slots
		})
	}
	wg.Wait()
	if len(seeds) > 0 && !slices.Contains(results, nil) && m.ctx.Err() == nil {
		m.cfg.Logger.Info("no seed answered, they are tried on", "seeds", len(seeds), "error", results[0])
	}
}

// try shakes hands with a node and joins its cluster. memberlist would join
// without the handshake, but cannot tell why it fails where keys differ.
func (m *Mesh) try(list *memberlist.Memberlist, seed netip.AddrPort) error {
	addr := seed.String()
	raw, _, err := m.connect(addr)
	if err == nil {
		_ = raw.Close()
		_, err = list.Join([]string{addr})
	}
	if err != nil && m.ctx.Err() == nil {
		m.complain(addr, fmt.Errorf("join: %w", err))
	}
	return errors.Join(err, m.ctx.Err())
}
