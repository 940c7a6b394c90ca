package mesh

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/hashicorp/memberlist"
)

// bind takes the port and finds out the address to advertise.
func (m *Mesh) bind() error {
	ctx, cancel := context.WithTimeout(m.ctx, m.cfg.StreamTimeout)
	defer cancel()
	var err error
	if m.advertise, err = advertised(ctx, m.cfg); err != nil {
		return err
	}
	inner, listen := m.cfg.Transport, netip.AddrPort{}
	if inner == nil {
		if listen, err = listenAddress(ctx, m.cfg); err != nil {
			return err
		}
		if inner, listen, err = bind(listen, memberlistLog(m.ctx, m.cfg.Logger, &m.count)); err != nil {
			return err
		}
	}
	m.router = newRouter(inner, &m.count)
	m.router.keyed, m.router.patience = len(m.cfg.Keys) > 0, m.cfg.StreamTimeout
	m.router.serve = m.serve
	m.router.refused = func(addr net.Addr) { m.complain(hostOf(addr), ErrDiffers) }

	own, err := m.reachable(inner, listen)
	if err != nil {
		_ = m.router.Shutdown()
		return err
	}
	m.own = []netip.AddrPort{own, listen}
	m.addr = own.String()
	return nil
}

// reachable returns the address at which the others reach this node.
func (m *Mesh) reachable(inner Transport, listen netip.AddrPort) (netip.AddrPort, error) {
	if m.advertise.IsValid() {
		if m.advertise.Port() == 0 {
			m.advertise = netip.AddrPortFrom(m.advertise.Addr(), listen.Port())
		}
		return m.advertise, nil
	}
	ip, port, err := inner.FinalAdvertiseAddr("", 0)
	addr, ok := netip.AddrFromSlice(ip)
	if err == nil && !ok {
		err = fmt.Errorf("address %v is none", ip)
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address to advertise: %w", err)
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), nil
}

// delegateVersion is the version of what the mesh sends through memberlist. A
// later one speaks this one too, so that nodes are upgraded one by one.
const delegateVersion = 1

// memberlistConfig returns memberlist's defaults for a LAN with what is ours.
func (m *Mesh) memberlistConfig() (*memberlist.Config, error) {
	conf := memberlist.DefaultLANConfig()
	conf.Name = m.cfg.ID.String()
	conf.Label = m.cfg.Cluster
	conf.Transport = m.router
	conf.Logger = memberlistLog(m.ctx, m.cfg.Logger, &m.count)
	conf.EnableCompression = false // 2 to 6 times the cost of what it saves
	conf.Delegate, conf.Events, conf.Ping = delegate{m}, delegate{m}, delegate{m}
	conf.DelegateProtocolVersion = delegateVersion
	conf.DelegateProtocolMin, conf.DelegateProtocolMax = delegateVersion, delegateVersion
	_, port, err := net.SplitHostPort(m.addr)
	if err != nil {
		return nil, err
	}
	if conf.BindPort, err = strconv.Atoi(port); err != nil {
		return nil, err
	}
	if m.advertise.IsValid() {
		conf.AdvertiseAddr = m.advertise.Addr().String()
		conf.AdvertisePort = int(m.advertise.Port())
	}
	if keys := m.cfg.Keys; len(keys) > 0 {
		if conf.Keyring, err = memberlist.NewKeyring(keys[1:], keys[0]); err != nil {
			return nil, err
		}
	}
	return conf, nil
}
