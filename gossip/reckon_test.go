package gossip

import (
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
)

func TestQuickestPingTellsThePeersClock(t *testing.T) {
	const window = 50 * time.Second
	start := time.Unix(1000, 0)
	var r reckoning
	if got := r.yours(time.Hour); got != 0 {
		t.Errorf("of a peer never heard of it reckons %d, want 0", got)
	}
	for _, s := range []struct {
		at, ahead, want time.Duration // of the sample; of the peer's clock afterwards
	}{
		{0, time.Minute, time.Minute},
		{1 * time.Second, time.Minute - time.Second, time.Minute}, // was held up
		{2 * time.Second, time.Minute + 5*time.Millisecond, time.Minute + 5*time.Millisecond},
		{55 * time.Second, 30 * time.Second, time.Minute + 5*time.Millisecond}, // the peer's clock stood still
		{104 * time.Second, 30 * time.Second, time.Minute + 5*time.Millisecond},
		{106 * time.Second, 30 * time.Second, 30 * time.Second}, // two windows later that is known
		{107 * time.Second, time.Hour, time.Hour},               // ours stood still: that is known at once
	} {
		r.sample(start.Add(s.at), window, s.ahead)
		if got := r.yours(time.Hour); got != (time.Hour + s.want).Milliseconds() {
			t.Errorf("after %v the peer is reckoned to be ahead by %v, want %v", s.at, time.Duration(got)*time.Millisecond-time.Hour, s.want)
		}
	}
	if got := r.yours(-2 * time.Hour); got != 0 {
		t.Errorf("before the peer began its clock says %d, want 0", got)
	}
}

func TestRunningTimeOfAMomentAgo(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	c := clock{pace: pace{10 * time.Second, 13 * time.Second}, last: start}
	for d := time.Duration(0); d <= 5*time.Second; d += 200 * time.Millisecond {
		c.step(at(d))
	}
	c.step(at(25 * time.Second)) // a pause of 20s
	for d := 25 * time.Second; d <= 30*time.Second; d += 200 * time.Millisecond {
		c.step(at(d))
	}
	c.step(at(31200 * time.Millisecond)) // held up: 0.2s do not count
	c.step(at(32 * time.Second))
	for moment, want := range map[time.Duration]time.Duration{
		2 * time.Second:          2 * time.Second,
		5 * time.Second:          5 * time.Second,
		10 * time.Second:         5 * time.Second,
		25 * time.Second:         5 * time.Second,
		26 * time.Second:         5200 * time.Millisecond, // the round of questions was over at 25.8
		30 * time.Second:         9200 * time.Millisecond,
		31100 * time.Millisecond: 10200 * time.Millisecond,
		31200 * time.Millisecond: 10200 * time.Millisecond,
		32 * time.Second:         11 * time.Second,
	} {
		if got := c.runAt(at(moment)); got != want {
			t.Errorf("at %v the running time was %v, want %v", moment, got, want)
		}
	}
}

func TestFewSpansAreRemembered(t *testing.T) {
	start := time.Unix(1000, 0)
	c := clock{pace: pace{10 * time.Second, 13 * time.Second}, last: start}
	for i := range 10 * maxStood {
		c.step(start.Add(time.Duration(i+1) * 1500 * time.Millisecond)) // each a third too long
	}
	if len(c.stood) != maxStood {
		t.Errorf("%d spans are remembered, want %d", len(c.stood), maxStood)
	}
	if got, want := c.runAt(c.last.Add(-15*time.Second)), c.run-10*time.Second; got != want {
		t.Errorf("ten steps ago it was %v, want %v", got, want)
	}
}

// toldAge returns the age that a core would tell of a beat of one peer to another.
func toldAge(l *lone, from channels.NodeID, ping Ping) (age time.Duration, ok bool) {
	l.Packet(l.now, encodePing(&ping))
	h, ok := l.hearsay(l.now, l.peer(from))
	return time.Duration(h.Age) * time.Millisecond, ok
}

func TestAgeOfABeatCountsItsTimeUnderWay(t *testing.T) {
	l, id := newLone(), channels.NodeID{2}
	l.met(id)
	l.run(20 * time.Second)
	ping := Ping{Node: id, Beat: 1, Interval: 10_000, Timeout: 13_000, Clock: 1}
	if _, ok := toldAge(l, id, ping); ok {
		t.Error("a beat of which nobody knows when it was made is told to others")
	}
	ping.Beat, ping.Yours = 2, l.clk.time().Milliseconds()-4000
	if age, ok := toldAge(l, id, ping); !ok || age != 4*time.Second {
		t.Errorf("a beat that was under way for 4s is told with the age %v, %v", age, ok)
	}
	ping.Beat, ping.Yours = 3, l.clk.time().Milliseconds()+100
	if age, ok := toldAge(l, id, ping); !ok || age != 0 {
		t.Errorf("a beat from the future is told with the age %v, %v, want 0", age, ok)
	}
	ping.Beat, ping.Yours = 4, l.clk.time().Milliseconds()-maxUnder.Milliseconds()-1
	if age, ok := toldAge(l, id, ping); !ok || age != 0 {
		t.Errorf("by a clock that is another's a beat has the age %v, %v, want that of the last one, 0", age, ok)
	}
	ping.Beat, ping.Yours = 5, 0
	l.run(time.Second)
	if age, ok := toldAge(l, id, ping); !ok || age != time.Second {
		t.Errorf("told the age %v, %v, want that of the last beat whose age is known, 1s", age, ok)
	}
}

func TestAnswerToAProbeIsAsOldAsTheProbe(t *testing.T) {
	l, id := newLone(), channels.NodeID{2}
	l.met(id)
	l.run(20 * time.Second)
	l.Ack(l.now, encodePing(&Ping{Node: id, Beat: 1, Interval: 10_000, Timeout: 13_000, Clock: 1}), 300*time.Millisecond)
	if h, ok := l.hearsay(l.now, l.peer(id)); !ok || h.Age != 300 {
		t.Errorf("told the age %d, %v, want 300", h.Age, ok)
	}
}

func TestHearsayAgesOnItsWay(t *testing.T) {
	l, teller, about := newLone(), channels.NodeID{2}, channels.NodeID{3}
	l.met(teller)
	l.met(about)
	l.run(8 * time.Second)
	ping := Ping{Node: teller, Beat: 1, Interval: 10_000, Timeout: 13_000, Clock: 1, Hearsay: []Hearsay{{Node: about, Beat: 5, Age: 1000}}}
	l.Packet(l.now, encodePing(&ping))
	if got := l.peer(about).beat; got != 0 {
		t.Errorf("hearsay of unknown age was taken: beat %d", got)
	}
	ping.Beat, ping.Yours = 2, l.clk.time().Milliseconds()-4000
	l.Packet(l.now, encodePing(&ping))
	for p := range l.Peers() {
		if p.ID == about && (p.Beat != 5 || p.Silent != 5*time.Second) {
			t.Errorf("told that a beat was 1s old by a ping that took 4s, it holds beat %d to be %v old, want 5s", p.Beat, p.Silent)
		}
	}
	ping.Beat, ping.Yours = 3, l.clk.time().Milliseconds()-3000
	l.Packet(l.now, encodePing(&ping))
	ping.Beat, ping.Yours = 4, l.clk.time().Milliseconds()-8000
	l.Packet(l.now, encodePing(&ping))
	if h, ok := l.hearsay(l.now, l.peer(about)); !ok || h.Beat != 5 || h.Age != 4000 {
		t.Errorf("of the ages 5s, 4s and 9s of one beat it tells %dms of beat %d, want the least", h.Age, h.Beat)
	}
}
