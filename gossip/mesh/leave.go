package mesh

import (
	"context"
	"fmt"
	"time"
)

const (
	// leaveStep bounds each of the two rounds of gossip in which a node leaves.
	// One takes about a second at memberlist's pace.
	leaveStep = 2 * time.Second

	// leaveLook is how often a node that waits for a round looks whether there is
	// still somebody to tell.
	leaveLook = 20 * time.Millisecond
)

// Leave says goodbye to the cluster and closes the mesh. It waits at most until
// ctx's deadline, and 4s, for the news to go round, but not for nodes that leave
// as well; streams finish meanwhile what they have to say. Whoever has not heard
// the news by then gives the node up by its own timeout. Call [gossip.Core.Leave]
// before.
func (m *Mesh) Leave(ctx context.Context) error {
	m.mu.Lock()
	list := m.list
	if m.state != isStarted || m.leaving.Swap(true) {
		list = nil
	}
	m.mu.Unlock()
	var err error
	if list != nil && ctx.Err() == nil {
		// First that it is leaving, then that it is gone: see meta.go. The first
		// goes also to those who leave, since they wait for nobody who does.
		err = round(ctx, list.UpdateNode, func() bool { return !m.anyOther(func(Member) bool { return true }) })
		gone := round(ctx, list.Leave, func() bool { return m.hasParted() && !m.anyOther(isStaying) })
		if err == nil {
			err = gone
		}
	}
	m.Close()
	if err != nil {
		return fmt.Errorf("mesh: leave: %w", err)
	}
	return nil
}

// round has something said to the cluster, and returns once it was, or once it is
// vain: there is nobody to hear it. memberlist would then wait in vain until its
// time is over, and is left to that.
func round(ctx context.Context, say func(time.Duration) error, vain func() bool) error {
	said := make(chan error, 1)
	go func() { said <- say(leaveBound(ctx)) }()
	look := time.NewTicker(leaveLook)
	defer look.Stop()
	for {
		select {
		case err := <-said:
			if vain() {
				return nil
			}
			return err
		case <-look.C:
			if vain() {
				return nil
			}
		}
	}
}

// leaveBound returns what one round may take. 0 would be for ever to memberlist.
func leaveBound(ctx context.Context) time.Duration {
	if by, ok := ctx.Deadline(); ok {
		return max(min(time.Until(by)/2, leaveStep), time.Millisecond)
	}
	return leaveStep
}

// anyOther tells whether there is another member of that kind.
func (m *Mesh) anyOther(kind func(Member) bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, member := range m.members {
		if id != m.cfg.ID && kind(member) {
			return true
		}
	}
	return false
}

func isStaying(member Member) bool { return !member.leaving }

// hasParted tells whether memberlist has taken this node off its own list. Before
// that it must not be shut down: its Leave panics if it begins after its Shutdown.
func (m *Mesh) hasParted() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, listed := m.members[m.cfg.ID]
	return !listed
}

// Close stops the mesh without a goodbye, as a crash would, and returns when
// all that it started has ended, but for what memberlist still has running: it
// waits for some seconds for a probe, or for a goodbye that nobody is there to hear.
// Not to be called within Host.Do.
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
