package mesh

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
)

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

	ctx    context.Context // ends when the mesh stops
	cancel context.CancelFunc
	wg     sync.WaitGroup // all that Start and Carry started

	mu      sync.Mutex // guards the rest; a leaf
	state   state
	parting bool                   // Leave was called
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
