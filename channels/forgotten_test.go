package channels

import (
	"testing"
	"time"
)

// TestForgottenEndGetsTheGrace: who reads a whole table does not learn where the
// users went that it does not tell of any more.
func TestForgottenEndGetsTheGrace(t *testing.T) {
	a, b := NodeID{1}, NodeID{2}
	v := New(Config{Self: NodeID{9}, Grace: 3 * time.Second, Timeout: 13 * time.Second})
	v.Learned()
	session := &Session{ID: 1, User: "alice", State: Online}
	place := &Membership{ID: 2, Session: 1, Channel: "room"}
	puts := []Change{{Session: session}, {Membership: place}}
	forgotten := &End{Reason: ReasonClosed, Forgotten: true}
	ends := []Change{{Membership: place, End: forgotten}, {Session: session, End: forgotten}}

	v.Apply(Now{}, a, puts, 2)
	v.Apply(Now{Run: time.Second}, a, ends, 9)
	v.Events()
	v.Tick(Now{Run: 4*time.Second - 1})
	if e := v.Events(); len(e) > 0 {
		t.Fatalf("within the grace: %+v, want nothing", e)
	}
	v.Apply(Now{Run: 4*time.Second - 1}, b, puts, 2)
	v.Tick(Now{Run: 4 * time.Second})
	for _, e := range v.Events() {
		if e.Kind&(ChannelKinds|UserChanged) != 0 {
			t.Errorf("she was back in time, and yet %+v", e)
		}
	}
	v.Apply(Now{Run: 5 * time.Second}, b, ends, 9)
	v.Tick(Now{Run: 8 * time.Second})
	if _, ok := v.Member("room", "alice"); ok || v.Stats().Kept != 0 {
		t.Errorf("after the grace she is still there: %+v", v.Stats())
	}
}
