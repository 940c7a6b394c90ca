package node

import "sync/atomic"

// mishaps are what a demonstration or a test has done to a node.
type mishaps struct {
	crashed chan struct{}                 // closed by Crash; fixed by New
	frozen  atomic.Pointer[chan struct{}] // closed by the thaw; nil: the node is not frozen. Changed with Node.mu held

	// Guarded by Node.mu.
	roused bool // it is being stopped, and cannot be frozen any more
	dead   bool // it crashed: no step does anything
}

// Freeze holds the node still, as SIGSTOP would hold its process: what arrives waits, the node
// says nothing and gives no sign of life, until thaw is called. It then finds that its
// clock has jumped, and goes on as after any pause. It is there for demonstrations and tests.
//
// The process around it lives on: connections are accepted, WebSocket pings are answered, as
// are /healthz and /readyz, and memberlist, which does not decide who lives, says over TCP that
// somebody is there.
//
// To freeze a frozen node changes nothing: whichever thaw is called first ends it. To thaw
// twice changes nothing, and neither does freezing a node that was stopped, has crashed or is
// over. Stopping a frozen node thaws it first.
func (n *Node) Freeze() (thaw func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mishaps.roused || n.mishaps.dead {
		return func() {}
	}
	frozen := n.mishaps.frozen.Load()
	if frozen == nil {
		frozen = new(make(chan struct{}))
		n.mishaps.frozen.Store(frozen)
		n.log.Info("node is frozen")
	}
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.mishaps.frozen.Load() == frozen {
			n.thaw()
		}
	}
}

// thaw lets a frozen node go on. Node.mu is held.
func (n *Node) thaw() {
	if frozen := n.mishaps.frozen.Swap(nil); frozen != nil {
		close(*frozen)
		n.log.Info("node is thawed")
	}
}

// rouse sees to it that the node is not frozen, and will not be: it is to stop.
func (n *Node) rouse() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mishaps.roused = true
	n.thaw()
}

// still waits while the node is frozen. It waits for a channel, as opposed to a mutex, so that
// virtual time goes on in tests.
func (n *Node) still() {
	for frozen := n.mishaps.frozen.Load(); frozen != nil; frozen = n.mishaps.frozen.Load() {
		<-*frozen
	}
}

// lock takes Node.mu once the node is not frozen. What only counts may take Node.mu itself.
func (n *Node) lock() {
	for {
		n.still()
		n.mu.Lock()
		if n.mishaps.frozen.Load() == nil {
			return
		}
		n.mu.Unlock()
	}
}

// Crash ends the node at once, frozen or not, as SIGKILL would: its connections break without
// a close frame, and the cluster hears no goodbye. [Node.Run] then returns nil, before it has begun
// to serve if it is called only now. To crash a node that is over, or says goodbye already, does
// nothing. It is there for demonstrations and tests.
func (n *Node) Crash() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mishaps.dead || n.stopped() {
		return
	}
	n.log.Info("node crashes")
	n.mishaps.dead = true
	n.thaw() // what waited finds that it is too late
	close(n.mishaps.crashed)
}

// hasCrashed reports whether Crash was called.
func (n *Node) hasCrashed() bool {
	select {
	case <-n.mishaps.crashed:
		return true
	default:
		return false
	}
}
