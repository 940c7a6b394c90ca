package mesh

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	// leaveTime bounds the gossip by which a node leaves. It takes about half a
	// second at memberlist's pace.
	leaveTime = 2 * time.Second

	// leaveLook is how often a node that waits for that looks whether there is
	// still somebody to tell.
	leaveLook = 20 * time.Millisecond
)

// Leave takes the node off every memberlist and closes the mesh. It waits at most
// until ctx's deadline, and 2s, for that news to go round; streams finish meanwhile
// what they have to say. Whoever has not heard of it by then finds out as of any node
// that is gone. Call [gossip.Core.Leave] before, which says goodbye: memberlist does not
// tell a member that left from one that it gave up.
func (m *Mesh) Leave(ctx context.Context) error {
	m.mu.Lock()
	list := m.list
	if m.state != isStarted || m.parting {
		list = nil
	}
	m.parting = true
	m.mu.Unlock()
	var err error
	if list != nil && ctx.Err() == nil {
		err = m.part(ctx, list)
	}
	m.Close()
	if err != nil {
		return fmt.Errorf("mesh: leave: %w", err)
	}
	return nil
}

// part returns once the others were told that this node is gone, or once that is vain:
// there is nobody left to hear it. memberlist would then wait in vain until its
// time is over, and is left to that.
func (m *Mesh) part(ctx context.Context, list *memberlist.Memberlist) error {
	said := make(chan error, 1)
	go func() { said <- list.Leave(leaveBound(ctx)) }()
	look := time.NewTicker(leaveLook)
	defer look.Stop()
	for {
		select {
		case err := <-said:
			if m.alone() {
				return nil
			}
			return err
		case <-look.C:
			if m.alone() {
				return nil
			}
		}
	}
}

// leaveBound returns what leaving may take. 0 would be for ever to memberlist.
func leaveBound(ctx context.Context) time.Duration {
	if by, ok := ctx.Deadline(); ok {
		return max(min(time.Until(by), leaveTime), time.Millisecond)
	}
	return leaveTime
}

// alone tells whether memberlist has no member any more, not even this one: before it
// takes this node off its list it must not be shut down, as its Leave panics if it
// begins after its Shutdown.
func (m *Mesh) alone() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.members) == 0
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
