package gossip

import (
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	p := pace{10 * time.Second, 13 * time.Second}
	for _, tt := range []struct {
		name   string
		silent time.Duration
		asked  int
		want   State
	}{
		{"heard just now", 0, 0, Here},
		{"one interval is no reason to ask", 10 * time.Second, 0, Here},
		{"just before it is overdue", 10*time.Second + 499*time.Millisecond, 0, Here},
		{"overdue", 10*time.Second + 500*time.Millisecond, 0, Late},
		{"just before the timeout", 13*time.Second - 1, 9, Late},
		{"nobody is buried unasked", time.Hour, 0, Late},
		{"one question may have been lost", time.Hour, 1, Late},
		{"two questions unanswered by the timeout", 13 * time.Second, 2, Lost},
		{"a beat rescues it, whatever was asked", 0, 9, Here},
	} {
		if got := next(tt.silent, tt.asked, p); got != tt.want {
			t.Errorf("%s: next(%v, %d) = %v, want %v", tt.name, tt.silent, tt.asked, got, tt.want)
		}
	}
}

func TestToldPaceIsHeldWithinBounds(t *testing.T) {
	for _, tt := range []struct {
		interval, timeout int64
		want              pace
	}{
		{10_000, 13_000, pace{10 * time.Second, 13 * time.Second}},
		{10_000, 0, pace{10 * time.Second, 13 * time.Second}},
		{0, 0, pace{minInterval, 13 * time.Millisecond}},
		{-5, -5, pace{minInterval, 13 * time.Millisecond}},
		{maxPace, maxPace, pace{maxInterval, 10 * maxInterval}},
	} {
		if got := told(tt.interval, tt.timeout); got != tt.want {
			t.Errorf("told(%d, %d) = %v, want %v", tt.interval, tt.timeout, got, tt.want)
		}
	}
}

func TestClockCountsRunningTime(t *testing.T) {
	start := time.Unix(1000, 0)
	c := clock{pace: pace{10 * time.Second, 13 * time.Second}, last: start}
	at := func(d time.Duration) time.Duration { return c.step(start.Add(d)) }

	at(200 * time.Millisecond)
	if c.run != 200*time.Millisecond {
		t.Errorf("after a tick run is %v, want 200ms", c.run)
	}
	at(1600 * time.Millisecond)
	if c.run != 1200*time.Millisecond {
		t.Errorf("a late tick added %v, want interval/10", c.run-200*time.Millisecond)
	}
	if paused := at(60 * time.Second); paused == 0 || c.run != 1200*time.Millisecond {
		t.Errorf("a pause was noticed as %v and added %v, want it noticed and nothing added", paused, c.run-1200*time.Millisecond)
	}
	for d := 60200 * time.Millisecond; d < 61*time.Second; d += 200 * time.Millisecond {
		at(d)
		if !c.catchingUp() || c.run != 1200*time.Millisecond {
			t.Fatalf("%v after the pause the running time goes on", d-60*time.Second)
		}
	}
	at(61 * time.Second)
	if c.catchingUp() || c.run != 1400*time.Millisecond {
		t.Errorf("a round after the pause run is %v, catching up %v, want 1.4s and not", c.run, c.catchingUp())
	}
	if at(50*time.Second) != 0 || c.run != 1400*time.Millisecond {
		t.Errorf("a clock that was set back moved run to %v", c.run)
	}
}
