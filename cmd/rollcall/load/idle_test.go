package load

import "testing"

func TestIdleClientsAreListedExactlyAndLeaveNobodyBehind(t *testing.T) {
	n := newNode(t)
	r, err := Idle(t.Context(), at(n), IdlePlan{Clients: 25, Members: 10})
	if err != nil {
		t.Fatal(err)
	}
	if r.Clients != 25 || r.Rooms != 3 || r.Check.Rosters != 25 || len(r.Phases) != 3 {
		t.Errorf("%+v, want 25 clients with a roster each, in 3 channels, and 3 phases", r)
	}
	if r.Traffic.FramesOut < 50 || r.Traffic.FramesIn < 50 || r.Traffic.BytesIn < r.Traffic.FramesIn {
		t.Errorf("traffic %+v, want a hello and a join each, and their answers", r.Traffic)
	}
	nobodyLeft(t, n)
}
