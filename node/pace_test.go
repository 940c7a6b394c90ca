package node

import (
	"testing"
	"time"
)

func TestRateIsTakenAtOnceUpToTheBurstAndThenOneByOne(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		rate  Rate
		at    []time.Duration // of requests, by the clock that also runs while they wait
		waits []time.Duration // of the last requests
	}{
		{"below", Rate{10, 2}, []time.Duration{0, 100 * ms, 200 * ms, 300 * ms}, []time.Duration{0, 0, 0, 0}},
		{"the burst", Rate{10, 3}, []time.Duration{1, 1, 1}, []time.Duration{0, 0, 0}},
		{"one above the burst", Rate{10, 3}, []time.Duration{1, 1, 1, 1}, []time.Duration{0, 0, 0, 100 * ms}},
		{"each waits as long as the one before", Rate{10, 1}, []time.Duration{1, 1, 100*ms + 1, 200*ms + 1}, []time.Duration{0, 100 * ms, 100 * ms, 100 * ms}},
		{"part of the time is over", Rate{10, 1}, []time.Duration{1, 60*ms + 1}, []time.Duration{0, 40 * ms}},
		{"the burst comes back with time", Rate{10, 2}, []time.Duration{1, 1, 200*ms + 1, 200*ms + 1, 200*ms + 1}, []time.Duration{0, 0, 0, 0, 100 * ms}},
		{"no more than the burst comes back", Rate{10, 2}, []time.Duration{1, time.Hour, time.Hour, time.Hour}, []time.Duration{0, 0, 0, 100 * ms}},
		{"the least", Rate{1, 1}, []time.Duration{1, 1}, []time.Duration{0, time.Second}},
		{"the most", Rate{maxRate, maxBurst}, []time.Duration{1, 1}, []time.Duration{0, 0}},
	} {
		var p pacer
		for i, at := range tt.at {
			if wait := p.take(at, tt.rate); wait != tt.waits[i] {
				t.Errorf("%s: request %d, at %v, waits %v, want %v", tt.name, i, at, wait, tt.waits[i])
			}
		}
	}
}

// keepOn has a client ask again whenever it may, or each pause if that is longer, on
// a machine where each wait lasts longer by late. It returns when the client was too
// fast; 0: not within a minute.
func keepOn(r Rate, pause, late time.Duration) time.Duration {
	var p pacer
	next := time.Duration(0) // when the client sends
	for now := next; now < time.Minute; now = max(now, next) {
		next += pause
		if wait := p.take(now, r); wait > 0 {
			if p.held >= paceTime {
				return now
			}
			now += wait + late
			p.waited(now, wait)
		}
	}
	return 0
}

func TestOnlyWhoIsHeldBackForLongIsTooFast(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name        string
		rate        Rate
		pause, late time.Duration
		least, most time.Duration
	}{
		{"as fast as can be", Rate{50, 200}, 0, 0, paceTime, paceTime + 20*ms},
		{"as fast as can be, on a busy machine", Rate{50, 200}, 0, 90 * ms, paceTime, paceTime + 200*ms},
		{"a little too fast", Rate{50, 1}, 19 * ms, 0, paceTime, paceTime + time.Second},
		{"at the rate", Rate{50, 1}, 20 * ms, 0, 0, 0},
		{"slower", Rate{50, 1}, 21 * ms, 0, 0, 0},
		{"with one request a second", Rate{1, 1}, 0, 0, paceTime, paceTime + time.Second},
	} {
		if got := keepOn(tt.rate, tt.pause, tt.late); got < tt.least || got > tt.most {
			t.Errorf("%s: too fast after %v, want %v to %v", tt.name, got, tt.least, tt.most)
		}
	}
}

func TestWhatIsNotHeldBackCountsOff(t *testing.T) {
	r := Rate{50, 1}
	var p pacer
	now := time.Duration(0)
	for range 10 {
		for end := now + paceTime - time.Second; now < end; {
			wait := p.take(now, r)
			if p.held >= paceTime {
				t.Fatalf("too fast at %v, after a break as long", now)
			}
			now += wait
			p.waited(now, wait)
		}
		now += paceTime - time.Second
	}
}

func TestPauseOfTheProcessIsNoFaultOfTheClient(t *testing.T) {
	r := Rate{50, 1}
	var p pacer
	p.take(0, r)
	wait := p.take(0, r)
	p.waited(time.Minute, wait)
	if p.held > time.Second {
		t.Errorf("held back for %v by a pause of a minute", p.held)
	}
}

func TestPaceCostsNoAllocation(t *testing.T) {
	var p pacer
	now := time.Duration(0)
	if n := testing.AllocsPerRun(1000, func() { now += time.Microsecond; p.take(now, Rate{50, 200}) }); n != 0 {
		t.Errorf("%v allocations for a request", n)
	}
}
