package mesh

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

// delegateVersion is the version of what the mesh sends through memberlist. A
// later one speaks this one too, so that nodes are upgraded one by one.
const delegateVersion = 1

// Mesh connects one node to its cluster. Its methods may be called concurrently.
type Mesh struct {
	cfg       Config
	advertise netip.AddrPort // configured, or zero
	addr      string         // at which the others reach this node
	own       []netip.AddrPort
	id        *identity
	router    *router
	inbox     *inbox
	do        doer
	count     counters
	hush      hush
	leaving   atomic.Bool

	ctx    context.Context // ends when the mesh stops
	cancel context.CancelFunc
	wg     sync.WaitGroup // all that Start and Carry started

	mu      sync.Mutex // guards the rest; a leaf
	state   state
	list    *memberlist.Memberlist // nil until Start
	streams map[*gossip.Link]*stream
	dialing map[channels.NodeID]bool
	members map[channels.NodeID]Member
}

type state uint8

const (
	isBound state = iota
	isStarted
	isStopped
)

// Member is a node that memberlist believes alive.
type Member struct {
	ID          channels.NodeID
	gossip.Peer // its gossip address, name and meta
}

// New binds the gossip port. Nothing is said or heard before [Mesh.Start]. An
// error says which address cannot be had, and why.
func New(cfg Config, host Host) (*Mesh, error) {
	return newMesh(cfg, func(f func(core, time.Time)) {
		host.Do(func(c *gossip.Core, now time.Time) { f(c, now) })
	})
}

func newMesh(cfg Config, do doer) (*Mesh, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("mesh: %w", err)
	}
	m := &Mesh{
		cfg: cfg, do: do,
		streams: map[*gossip.Link]*stream{},
		dialing: map[channels.NodeID]bool{},
		members: map[channels.NodeID]Member{},
	}
	m.inbox = newInbox(&m.count)
	m.ctx, m.cancel = context.WithCancel(context.Background())
	if m.id, err = newIdentity(cfg.Keys, cfg.Cluster); err != nil {
		return nil, fmt.Errorf("mesh: %w", err)
	}
	if err := m.bind(); err != nil {
		m.cancel()
		return nil, fmt.Errorf("mesh: %w", err)
	}
	return m, nil
}

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
		if inner, listen, err = bind(listen, memberlistLog(m.cfg.Logger, &m.count)); err != nil {
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

// Addr returns the host:port at which the others reach this node.
func (m *Mesh) Addr() string { return m.addr }

// Start takes the node into its cluster. It returns at once: seeds are tried in
// the background, and [gossip.Core.SeedsTried] tells when all were. Call it once.
func (m *Mesh) Start() error {
	m.mu.Lock()
	ok := m.state == isBound
	if ok {
		m.state = isStarted
	}
	m.mu.Unlock()
	if !ok {
		return fmt.Errorf("mesh: start: %w", net.ErrClosed)
	}
	conf, err := m.memberlistConfig()
	if err == nil {
		m.router.run()
		err = m.create(conf)
	}
	if err != nil {
		m.Close()
		return fmt.Errorf("mesh: start on %s: %w", m.addr, err)
	}
	return nil
}

// create makes the memberlist, which may call back at once, and starts what
// needs it.
func (m *Mesh) create(conf *memberlist.Config) error {
	list, err := memberlist.Create(conf)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = list
	if m.state != isStarted {
		return net.ErrClosed // meanwhile; Start closes what there is
	}
	m.wg.Go(func() { m.inbox.run(m.ctx, m.do) })
	m.wg.Go(func() { m.seek(list) })
	return nil
}

func (m *Mesh) memberlistConfig() (*memberlist.Config, error) {
	conf := memberlist.DefaultLANConfig()
	conf.Name = m.cfg.ID.String()
	conf.Label = m.cfg.Cluster
	conf.Transport = m.router
	conf.Logger = memberlistLog(m.cfg.Logger, &m.count)
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

// Members returns the nodes that memberlist believes alive, this one among
// them, by id. What the core believes of them is another matter.
func (m *Mesh) Members() []Member {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Member, 0, len(m.members))
	for _, member := range m.members {
		all = append(all, member)
	}
	slices.SortFunc(all, func(a, b Member) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all
}

func (m *Mesh) setMember(member Member, alive bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if alive {
		m.members[member.ID] = member
	} else {
		delete(m.members, member.ID)
	}
}

// leaveStep bounds each of the two rounds of gossip in which a node leaves.
// One takes about a second at memberlist's pace.
const leaveStep = 2 * time.Second

// Leave says goodbye to the cluster and closes the mesh. It waits at most until
// ctx's deadline, and 4s, for the news to go round. Whoever has not heard it by
// then gives the node up by its own timeout.
func (m *Mesh) Leave(ctx context.Context) error {
	m.mu.Lock()
	list := m.list
	if m.state != isStarted || m.leaving.Swap(true) {
		list = nil
	}
	m.mu.Unlock()
	var err error
	if list != nil && ctx.Err() == nil {
		// First that it is leaving, then that it is gone: see meta.go.
		err = list.UpdateNode(leaveBound(ctx))
		if gone := list.Leave(leaveBound(ctx)); err == nil {
			err = gone
		}
	}
	m.Close()
	if err != nil {
		return fmt.Errorf("mesh: leave: %w", err)
	}
	return nil
}

// leaveBound returns what one round may take. 0 would be for ever to memberlist.
func leaveBound(ctx context.Context) time.Duration {
	if by, ok := ctx.Deadline(); ok {
		return max(min(time.Until(by)/2, leaveStep), time.Millisecond)
	}
	return leaveStep
}

// Close stops the mesh without a goodbye, as a crash would, and returns when
// all that it started has ended, but for what memberlist still has running: it
// waits for a probe for some seconds. Not to be called within Host.Do.
func (m *Mesh) Close() {
	m.mu.Lock()
	m.state = isStopped
	list := m.list
	m.mu.Unlock()
	m.cancel()
	if list != nil {
		_ = list.Shutdown() // shuts the router down, and cannot fail otherwise
	}
	if err := m.router.Shutdown(); err != nil {
		m.cfg.Logger.Debug("close gossip port: " + err.Error())
	}
	m.wg.Wait()
}
