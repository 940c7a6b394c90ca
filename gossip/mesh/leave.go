package mesh

import (
	"context"
	"fmt"
	"time"
)

// leaveStep bounds each of the two rounds of gossip in which a node leaves.
// One takes about a second at memberlist's pace.
const leaveStep = 2 * time.Second

// Leave says goodbye to the cluster and closes the mesh. It waits at most until
// ctx's deadline, and 4s, for the news to go round; streams finish meanwhile what
// they have to say. Whoever has not heard the news by then gives the node up by
// its own timeout. Call [gossip.Core.Leave] before.
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
