package channels

import (
	"net/netip"
	"unique"
)

// Details is what is known of a connection besides who is on it, for operators. It is
// never changed once made: every [Session] of one ID has the same. Each node keeps those of
// the whole cluster, so it is small: 48 bytes, and Meta.
type Details struct {
	Since int64  // when the session began, Unix milliseconds by this node's clock
	Meta  string // what the client told of the connection: a JSON object; empty: none

	address [16]byte              // IPv4 as it is mapped into IPv6; zero: unknown
	agent   unique.Handle[string] // the same few for millions
}

// NewDetails makes what is known of a connection from an address, which may be unknown, with a
// User-Agent, which may be empty.
func NewDetails(address netip.Addr, agent, meta string, since int64) *Details {
	d := &Details{Since: since, Meta: meta, agent: unique.Make(agent)}
	if address.IsValid() {
		d.address = address.As16()
	}
	return d
}

// Address returns from where the connection came; the zero Addr if that is not known.
func (d *Details) Address() netip.Addr {
	if d.address == [16]byte{} {
		return netip.Addr{}
	}
	return netip.AddrFrom16(d.address).Unmap()
}

// Agent returns the User-Agent of the connection.
func (d *Details) Agent() string { return d.agent.Value() }
