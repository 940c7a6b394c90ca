package wiretest

import (
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node"
)

func TestResumeEndsTheFormerSocketWithoutAnEvent(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string][2]*node.Node{"on the same node": {here, here}, "on another node": {here, there}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			watcher := w.hello(there, "watcher~")
			watcher.watch("room~")
			old, marker := w.hello(nodes[0], "alice~"), w.hello(nodes[0], "marker~")
			old.join("room~", "alice~")
			watcher.seesJoin("room~", "alice~")
			marker.join("room~", "alice~", "marker~")
			watcher.seesJoin("room~", "marker~")
			old.seesJoin("room~", "marker~")
			again := w.dial(nodes[1])
			again.send(`{"type":"hello","token":"`+w.token("alice~")+`","resume":"`+old.session+`"}`, `{"type":"join","id":2,"channel":"room~"}`)
			if again.welcomed("alice~"); again.session == old.session {
				t.Error("both sockets are one session")
			}
			again.wantMembers(again.next(), "alice~", "marker~")
			old.wantClose(4409)
			marker.conn.Close() // after the former socket: its grace is over later
			watcher.seesLeave("room~", "marker~", "closed")
			again.seesLeave("room~", "marker~", "closed")
		})
	}
}

func TestResumedMembershipsGetTheGrace(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(there, "watcher~")
	watcher.watch("room~")
	old := w.hello(here, "alice~")
	old.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	began := time.Now()
	w.helloWith(there, "alice~", `,"resume":"`+old.session+`"`) // and joins nothing
	old.wantClose(4409)
	watcher.seesLeave("room~", "alice~", "closed")
	if took := time.Since(began); took < grace {
		t.Errorf("left after %v, want the grace of %v", took, grace)
	}
}

func TestWrongResumeIsIgnored(t *testing.T) {
	w := newWorld(t)
	bob, gone := w.hello(here, "bob~"), w.hello(here, "alice~")
	gone.send(`{"type":"bye"}`)
	gone.wantClose(1000)
	for name, session := range map[string]string{
		"another user's": bob.session,
		"stale":          gone.session,
		"nonsense":       "__proto__",
		"empty":          "",
		"half":           bob.session[:len(bob.session)/2],
		"no such node":   "00000000000000000000000000000000-1",
		"huge":           "00000000000000000000000000000000-" + letters(500),
	} {
		t.Run(name, func(t *testing.T) {
			w := w.part(t)
			w.helloWith(here, "alice~", `,"resume":"`+session+`"`).alive()
			w.helloWith(there, "alice~", `,"resume":"`+session+`"`).alive()
			bob.alive()
		})
	}
}

func TestNobodyResumesNobody(t *testing.T) {
	w := newWorld(t)
	one := w.anonymous(open)
	two := w.dial(open)
	two.send(`{"type":"hello","resume":"` + one.session + `"}`)
	two.next()
	one.alive()
	two.alive()
}
