package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// maxAddresses bounds what one DNS name is taken to mean.
const maxAddresses = 256

// resolve returns the addresses that a host:port means; port is for when it names none.
func resolve(ctx context.Context, r Resolver, s string, port uint16) ([]netip.AddrPort, error) {
	host, port, err := split(s, port)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), port)}, nil
	}
	ips, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", s, err)
	}
	var found []netip.AddrPort
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		found = append(found, netip.AddrPortFrom(ip.Unmap(), port))
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("address %q: no addresses", s)
	}
	return found, nil
}

// split takes host:port, host, or an IPv6 address with or without brackets apart.
func split(s string, port uint16) (string, uint16, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.String(), port, nil
	}
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		if host, p, err = net.SplitHostPort(s + ":" + strconv.Itoa(int(port))); err != nil {
			return "", 0, fmt.Errorf("address %q, want host:port", s)
		}
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("address %q: port %q, want 0 to 65535", s, p)
	}
	return host, uint16(n), nil
}

// listenAddress returns where to bind.
func listenAddress(ctx context.Context, cfg Config) (netip.AddrPort, error) {
	s := cfg.Listen
	if host, port, err := split(s, DefaultPort); err == nil && host == "" {
		s = net.JoinHostPort("0.0.0.0", strconv.Itoa(int(port)))
	}
	found, err := resolve(ctx, cfg.Resolver, s, DefaultPort)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("gossip: %w", err)
	}
	addr := found[0]
	switch {
	case !addr.Addr().IsLoopback() && len(cfg.Keys) == 0:
		return addr, fmt.Errorf("gossip on %s is not loopback: a gossip key is needed", addr)
	case addr.Addr() == netip.IPv6Unspecified() && cfg.Advertise == "":
		return addr, fmt.Errorf("gossip on %s: an address to advertise is needed", addr)
	}
	return addr, nil
}

// advertised returns the configured address for the others, port 0 if it is
// that of the listener.
func advertised(ctx context.Context, cfg Config) (netip.AddrPort, error) {
	if cfg.Advertise == "" {
		return netip.AddrPort{}, nil
	}
	found, err := resolve(ctx, cfg.Resolver, cfg.Advertise, 0)
	if err == nil && found[0].Addr().IsUnspecified() {
		err = errors.New("others cannot reach " + found[0].Addr().String())
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("advertise: %w", err)
	}
	return found[0], nil
}
