package dev

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node"
)

// Node is what a cluster needs of a node: see [node.Node], which is one.
type Node interface {
	ID() channels.NodeID
	Run(context.Context) error
	Ready() bool
	Freeze() (thaw func())
	Crash()
	Nodes() []node.NodeInfo
	Roster(channel string) []node.Member
	User(name string) node.UserDetails
}

// State is what has been done to a member.
//
//	         ready            pause
//	starting -----> running <-------> paused
//	   ^    \          |      resume     |
//	   |     \         | kill            |
//	   |      +--------+-----------------+--> killed
//	   +------------------ start ----------------+
type State string

// The states of a member.
const (
	Starting State = "starting" // it reads what the others know
	Running  State = "running"
	Paused   State = "paused"
	Killed   State = "killed"
)

// ErrState means that a member's state does not allow what was asked for.
var ErrState = errors.New("wrong state")

// errEnding means that the whole cluster ends.
var errEnding = errors.New("the cluster ends")

// member is a place in the cluster.
type member struct {
	config node.Config // fixed

	mu    sync.Mutex // guards the rest
	state State
	since time.Time     // when the state began
	node  Node          // of the newest run; nil: there was none
	thaw  func()        // while it is paused
	over  chan struct{} // closed when that run has ended
}

// become changes the state. mu is held.
func (m *member) become(s State) { m.state, m.since = s, time.Now() }

// glance is a member at one moment.
type glance struct {
	state State
	since time.Time
	id    string // of the newest run
	node  Node   // if it runs, so that it can be asked
}

// look takes a glance at the member.
func (m *member) look() glance {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == Starting && m.node.Ready() {
		m.become(Running)
	}
	g := glance{state: m.state, since: m.since}
	if m.node != nil {
		g.id = m.node.ID().String()
	}
	if m.state == Running {
		g.node = m.node
	}
	return g
}

// await returns once a node that was killed has ended, and has freed its ports.
func (m *member) await() {
	m.mu.Lock()
	state, over := m.state, m.over
	m.mu.Unlock()
	if state == Killed && over != nil {
		<-over
	}
}

// refuse says that a member is not in the right state. mu is held.
func (m *member) refuse(action string) error {
	return fmt.Errorf("%w: %s is %s and cannot be %s", ErrState, m.config.Name, m.state, action)
}

// pause holds the node still, as SIGSTOP would.
func (m *member) pause() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != Running {
		return m.refuse("paused")
	}
	m.thaw = m.node.Freeze()
	m.become(Paused)
	return nil
}

// resume lets a paused node go on.
func (m *member) resume() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != Paused {
		return m.refuse("resumed")
	}
	m.become(Running)
	m.thaw()
	return nil
}

// kill ends the node as SIGKILL would.
func (m *member) kill() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == Killed {
		return m.refuse("killed")
	}
	m.become(Killed)
	m.node.Crash()
	return nil
}

// wasKilled tells whether the node that ended was killed.
func (m *member) wasKilled() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state == Killed
}
