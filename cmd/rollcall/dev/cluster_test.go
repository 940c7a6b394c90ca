package dev

import (
	"errors"
	"strings"
	"testing"
)

func TestNodesArePausedResumedKilledAndStarted(t *testing.T) {
	s := newStage(t, 2)
	do := func(action string, status int, text string, then State) {
		t.Helper()
		s.want(status, text, "POST", "/api/nodes/node-2/"+action, "")
		if state := s.state("node-2"); state != then {
			t.Errorf("after %s node-2 is %s, want %s", action, state, then)
		}
	}
	do("start", 409, "node-2 is running and cannot be started", Running)
	do("resume", 409, "node-2 is running and cannot be resumed", Running)
	do("pause", 200, `"state":"paused"`, Paused)
	first := s.node("node-2")
	if !first.isFrozen() || s.node("node-1").isFrozen() {
		t.Error("not exactly node-2 is frozen")
	}
	do("pause", 409, "node-2 is paused and cannot be paused", Paused)
	do("start", 409, "node-2 is paused", Paused)
	do("resume", 200, `"state":"running"`, Running)
	if first.isFrozen() {
		t.Error("node-2 was not thawed")
	}
	do("pause", 200, "", Paused)
	do("kill", 200, `"state":"killed"`, Killed)
	do("kill", 409, "node-2 is killed and cannot be killed", Killed)
	do("pause", 409, "node-2 is killed", Killed)
	s.mu.Lock()
	s.ready = false
	s.mu.Unlock()
	do("start", 200, `"state":"starting"`, Starting)
	second := s.node("node-2")
	if second == first || second.config.Listen != first.config.Listen || !first.ended {
		t.Error("node-2 was not started anew, at the same address, once the former had ended")
	}
	do("pause", 409, "node-2 is starting", Starting)
	do("kill", 200, "", Killed)
	select {
	case err := <-s.cluster.Failed():
		t.Errorf("what was killed is said to have failed: %v", err)
	default:
	}
}

func TestNodeThatCannotBeStartedStaysKilled(t *testing.T) {
	s := newStage(t, 2)
	s.want(200, "", "POST", "/api/nodes/node-1/kill", "{}")
	s.mu.Lock()
	s.fail = errors.New("the port is taken")
	s.mu.Unlock()
	s.want(500, "node-1: the port is taken", "POST", "/api/nodes/node-1/start", "{}")
	if s.state("node-1") != Killed {
		t.Errorf("node-1 is %s", s.state("node-1"))
	}
	s.cluster.End()
	s.want(500, "the cluster ends", "POST", "/api/nodes/node-1/start", "{}")
}

func TestNodeThatEndsByItselfIsTold(t *testing.T) {
	s := newStage(t, 2)
	s.node("node-2").end <- errors.New("no luck")
	if err := <-s.cluster.Failed(); err == nil || !strings.Contains(err.Error(), "node-2: no luck") {
		t.Errorf("told %v", err)
	}
}
