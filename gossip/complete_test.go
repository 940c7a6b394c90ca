package gossip

import (
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

// read has a core read the empty table of a peer, which is shown from then on.
func (l *lone) read(t *testing.T, id channels.NodeID) {
	t.Helper()
	if cut := l.peer(id).link; cut != nil {
		l.Closed(l.now, cut)
	}
	link := l.Opened(l.now, id)
	wants := l.Next(l.now, link)
	if wants == nil || wants.Wants == nil {
		t.Fatal("nothing is wanted of the peer")
	}
	answer := &Frame{Ping: &Ping{Node: id, Beat: 1, Interval: 10_000, Timeout: 13_000},
		Answer: &Answer{Origin: id, Serial: wants.Wants.Serial, Final: true}}
	if err := l.Receive(l.now, link, answer); err != nil {
		t.Fatal(err)
	}
}

// beats keeps peers alive for a time.
func (l *lone) beats(d time.Duration, ids ...channels.NodeID) {
	for end := l.now.Add(d); l.now.Before(end); {
		l.run(200 * time.Millisecond)
		for _, id := range ids {
			l.Packet(l.now, encodePing(&Ping{Node: id, Beat: uint64(l.now.UnixMilli()), Interval: 10_000, Timeout: 13_000}))
		}
	}
}

func TestWhoeverIsAloneKnowsAll(t *testing.T) {
	l := newLone()
	l.run(time.Minute)
	if !l.Complete() {
		t.Error("a node without peers misses somebody")
	}
}

func TestSilentPeerMayHoldMore(t *testing.T) {
	l, a, b := newLone(), channels.NodeID{2}, channels.NodeID{3}
	for _, id := range []channels.NodeID{a, b} {
		l.met(id)
		l.read(t, id)
	}
	for _, step := range []struct {
		d    time.Duration
		want bool
	}{
		{11 * time.Second, true},  // overdue, and asked
		{1 * time.Second, false},  // half-way to its timeout
		{3 * time.Second, true},   // lost: one of two
		{400 * time.Second, true}, // and forgotten
	} {
		l.beats(step.d, b)
		if got := l.Complete(); got != step.want {
			t.Errorf("%v after the last beat of one peer complete is %v, want %v", l.now.Sub(time.Unix(1000, 0)), got, step.want)
		}
	}
}

func TestWhoeverLosesMostPeersMayMissTheirs(t *testing.T) {
	l, a, b, c := newLone(), channels.NodeID{2}, channels.NodeID{3}, channels.NodeID{4}
	for _, id := range []channels.NodeID{a, b, c} {
		l.met(id)
		l.read(t, id)
	}
	l.beats(20*time.Second, c)
	if l.Stats().Lost != 2 || l.Complete() {
		t.Errorf("with %d of 3 peers lost complete is %v, want false with 2", l.Stats().Lost, l.Complete())
	}
	l.beats(time.Second, b, c)
	if l.Complete() {
		t.Error("complete, though the peer that came back was not read yet")
	}
	l.read(t, b)
	if !l.Complete() {
		t.Error("not complete, though only one of 3 peers is lost and the other was read")
	}
}

func TestLossOfMostPeersIsForgottenWithTheirTables(t *testing.T) {
	l, a := newLone(), channels.NodeID{2}
	l.met(a)
	l.read(t, a)
	l.run(20 * time.Second)
	if l.Complete() {
		t.Error("complete, though the only peer is lost")
	}
	l.run(asideAge)
	if !l.Complete() {
		t.Error("not complete, though the peer was forgotten")
	}
}

func TestUnreadPeerMayHoldMore(t *testing.T) {
	l, a := newLone(), channels.NodeID{2}
	l.met(a)
	l.beats(5*time.Second, a)
	if !l.Complete() {
		t.Error("not complete while a peer that was just met is being read")
	}
	l.beats(8*time.Second, a)
	if l.Complete() {
		t.Error("complete, though a peer that lives cannot be read")
	}
	l.read(t, a)
	if !l.Complete() {
		t.Error("not complete once it was read")
	}
}
