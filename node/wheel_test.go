package node

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestWheelLooksInTimeAndNotBefore(t *testing.T) {
	const tick, turn = 200 * time.Millisecond, wheelTurn * 200 * time.Millisecond
	type want struct{ at, said time.Duration }
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := wheel{tick: tick}
		wants, run, looks := map[*conn]want{}, time.Duration(0), 0
		add := func(c *conn) {
			wants[c] = want{at: run + time.Duration(rng.Int64N(int64(3*turn))) - turn/2, said: run}
			w.add(c, wants[c].at)
		}
		all := make([]conn, 50)
		for i := range all {
			add(&all[i])
		}
		for range 1000 {
			run += time.Duration(rng.Int64N(int64(6 * tick))) // ticks that come late, or hardly count
			w.turn(run, func(c *conn) {
				looks++
				if want := wants[c]; want.at > run && run-want.said < turn-8*tick { // less than a turn and one late tick
					t.Fatalf("seed %d: looked at %v, %v after it was said to be due at %v", seed, run, run-want.said, want.at)
				}
				add(c)
			})
			for i := range all {
				if want := wants[&all[i]]; max(want.at, want.said)+2*tick <= run {
					t.Fatalf("seed %d: at %v not looked at since %v", seed, run, want.at)
				}
			}
			add(&all[rng.IntN(len(all))]) // what is said last counts
		}
		if looks < 1000 {
			t.Errorf("seed %d: looked %d times", seed, looks)
		}
	}
}

func TestWheelForgetsWhatWasSaidBefore(t *testing.T) {
	w := wheel{tick: time.Second}
	c := new(conn)
	w.add(c, 3*time.Second)
	w.add(c, 5*time.Second)
	w.add(c, 4*time.Second)
	var at []time.Duration
	for run := time.Duration(0); run < 20*time.Second; run += time.Second {
		w.turn(run, func(*conn) { at = append(at, run) })
	}
	if len(at) != 1 || at[0] != 4*time.Second {
		t.Errorf("looked at %v, want once at 4s", at)
	}
}
