package channels

import (
	"testing"
)

// TestWholeTableGivesTheGraceToThoseWhoWaited: alice went from b by c to d. Who
// waits for c, and reads it as a whole, does not learn that she went on.
func TestWholeTableGivesTheGraceToThoseWhoWaited(t *testing.T) {
	v := newView()
	a := []Change{putS(1, "alice", Online), putM(2, 1, "room")}
	v.Apply(at(0), nodeB, copied(a), 2)
	v.Apply(at(0), nodeC, nil, 3)
	v.Events()
	ends := []Change{ended(a[1], ReasonClosed), ended(a[0], ReasonClosed)}
	for i := range ends {
		ends[i].End.Elsewhere = []Place{{nodeC, 7}}
	}
	v.Apply(at(0), nodeB, ends, 4)
	v.Replace(at(1000), nodeC, nil, 9) // she has been there and has left, which is forgotten
	v.Tick(at(1000 + testGrace.Milliseconds() - 1))
	if _, ok := v.Member("room", "alice"); !ok {
		t.Fatal("she is gone within the grace")
	}
	v.Tick(at(1000 + testGrace.Milliseconds()))
	if _, ok := v.Member("room", "alice"); ok {
		t.Fatal("she is still there after the grace")
	}
	if n := v.Stats().Kept; n != 0 {
		t.Fatalf("%d are kept", n)
	}
}
