package socket

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestMeasureTellsWhenWhatWaitsIsWritten(t *testing.T) {
	var told []time.Duration
	inBubble(t, Config{Written: func(took time.Duration) { told = append(told, took) }}, func(s *Socket, h *recorder, c *client) {
		want := func(when string, want ...time.Duration) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(told, want) {
				t.Errorf("%s: told %v, want %v", when, told, want)
			}
		}
		start := time.Now()
		time.Sleep(time.Second)
		if !s.Measure(start) {
			t.Error("an idle socket is not measured")
		}
		want("nothing waits", time.Second)

		s.Send(kilo()) // is being written
		synctest.Wait()
		s.Send(Frame([]byte("a")), Frame([]byte("b")))
		if !s.Measure(start) || s.Measure(start) {
			t.Error("want one measurement at a time")
		}
		s.Send(Frame(make([]byte, 2*joinSmall))) // leaves by itself
		want("nobody reads", time.Second)
		time.Sleep(time.Second)
		_, _ = c.next()
		want("what was before is written", time.Second)
		time.Sleep(time.Second)
		_, _ = c.next()
		_, _ = c.next()
		want("all of it is written", time.Second, 3*time.Second)
		_, _ = c.next()
		want("what came later is not measured", time.Second, 3*time.Second)
	})
}

func TestMeasureOfWhatIsBeingWrittenAwaitsThat(t *testing.T) {
	var told int
	inBubble(t, Config{Written: func(time.Duration) { told++ }}, func(s *Socket, h *recorder, c *client) {
		s.Send(kilo())
		synctest.Wait()
		s.Measure(time.Now())
		if synctest.Wait(); told != 0 {
			t.Error("told before it was written")
		}
		_, _ = c.next()
		if synctest.Wait(); told != 1 {
			t.Errorf("told %d times, want once", told)
		}
	})
}

func TestClosedSocketMeasuresNothing(t *testing.T) {
	told := 0
	inBubble(t, Config{Written: func(time.Duration) { told++ }}, func(s *Socket, h *recorder, c *client) {
		s.Send(kilo())
		synctest.Wait()
		s.Measure(time.Now())
		c.Close()
		synctest.Wait()
		if s.Measure(time.Now()) || told != 0 {
			t.Errorf("told %d times by a socket whose connection broke, want none", told)
		}
	})
}

func TestMeasureAllocatesNothing(t *testing.T) {
	inBubble(t, Config{}, func(s *Socket, h *recorder, c *client) {
		synctest.Wait()
		start := time.Now()
		if n := testing.AllocsPerRun(100, func() { s.Measure(start) }); n != 0 {
			t.Errorf("%v allocations, want none", n)
		}
	})
}
