package load

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnHonestServerIsFoundRight(t *testing.T) {
	f := newFake(t)
	if r, err := Idle(t.Context(), f.options(), IdlePlan{Clients: 6, Members: 3}); err != nil || r.Check.Rosters != 6 {
		t.Errorf("%v, %+v", err, r.Check)
	}
	if r, err := Joins(t.Context(), newFake(t).options(), JoinsPlan{Members: 3, Joins: 2, Pause: 1}); err != nil || r.Told != 12 {
		t.Errorf("%v, %+v", err, r)
	}
}

// Each lie is told to one of four clients, x.u1, by a server that is honest else.
func TestEachLieIsFoundAndNamed(t *testing.T) {
	once := func(to, user string, n int) func(string, string, string) (int, string) {
		return func(who, kind, whom string) (int, string) {
			if who == to && whom == user && kind == "join" {
				return n, whom
			}
			return 1, whom
		}
	}
	of := func(c Check) []int {
		return []int{c.Wrong, c.Doubled, c.Ghosts, c.Miscounted, c.Strays, c.Lost}
	}
	for name, tt := range map[string]struct {
		lie  func(f *fake)
		kind int // index into of
		want string
	}{
		"leaves somebody out of a roster": {func(f *fake) {
			f.lists = func(to string, list []string) []string {
				if to == "x.u3" {
					return slices.DeleteFunc(list, func(u string) bool { return u == "x.u1" })
				}
				return list
			}
		}, 0, "x.u3 in x.c0: 3 seen, 4 there; missing x.u1"},
		"lists somebody twice": {func(f *fake) {
			f.lists = func(_ string, list []string) []string { return append(list, list[0]) }
		}, 1, "x.u0 in x.c0 has x.u0 on its roster twice"},
		"lists somebody who never was there": {func(f *fake) {
			f.lists = func(_ string, list []string) []string { return append(list, "mallory") }
		}, 2, `x.u0 in x.c0 is told of "mallory", who was never there`},
		"lists a user of another channel": {func(f *fake) {
			f.lists = func(_ string, list []string) []string { return append(list, "x.u4") }
		}, 2, `is told of "x.u4", who was never there`},
		"does not tell of a join": {func(f *fake) { f.times = once("x.u1", "x.u2", 0) }, 0, "x.u1 in x.c0: 3 seen, 4 there; missing x.u2"},
		"tells of a join twice":   {func(f *fake) { f.times = once("x.u1", "x.u2", 2) }, 1, "x.u1 in x.c0 is told twice that x.u2 joined"},
		"tells of a ghost's join": {func(f *fake) {
			f.times = func(_, _, whom string) (int, string) { return 1, strings.Replace(whom, "x.u2", "x.u77", 1) }
		}, 2, `is told of "x.u77", who was never there`},
		"counts wrongly": {func(f *fake) { f.count = func(n int) int { return n + 1 } }, 3, "x.u0 in x.c0 is told of 1 members, and that they are 2"},
		"tells of another channel": {func(f *fake) {
			f.place = func(_, channel string) string { return "x.c9" }
		}, 2, `x.u0 in x.c0 is told of "x.c9"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			tt.lie(f)
			o := f.options()
			o.Concurrency = 1 // one after the other
			o.giveUp, o.Meter = f.flushThird(t)
			r, err := Idle(t.Context(), o, IdlePlan{Clients: 4, Members: 4})
			var wrong *WrongError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, want that it says %q", err, tt.want)
			}
			if of(r.Check)[tt.kind] == 0 {
				t.Errorf("%+v, want number %d of wrong, doubled, ghosts, miscounted, strays and lost", r.Check, tt.kind)
			}
		})
	}
}

func TestASkippedVersionEndsTheScenario(t *testing.T) {
	f := newFake(t)
	f.skips = func(string) int { return 1 }
	o := f.options()
	o.Concurrency = 1
	if _, err := Idle(t.Context(), o, IdlePlan{Clients: 2, Members: 2}); err == nil || !strings.Contains(err.Error(), "a diff of version 3 comes after version 1") {
		t.Errorf("%v, want that it names both versions", err)
	}
}

func TestALeaveThatIsNotToldIsAGhost(t *testing.T) {
	f := newFake(t)
	f.times = func(to, kind, whom string) (int, string) {
		if to == "x.u1" && kind == "leave" {
			return 0, whom
		}
		return 1, whom
	}
	o := f.options()
	told := make(chan struct{})
	o.giveUp = told
	f.done = func() {
		go func() { // what it waits for comes by the goroutines of the fake
			f.flush(t)
			close(told)
		}()
	}
	r, err := Joins(t.Context(), o, JoinsPlan{Members: 3, Joins: 1, Pause: 1})
	if err == nil || r.Check.Wrong != 1 || !strings.Contains(err.Error(), "1 of 3 members: not told of a change in time") ||
		!strings.Contains(err.Error(), "x.u1 in x.c0: the server counts") && !strings.Contains(err.Error(), "x.u1 in x.c0: 4 seen, 3 there; ghost x.u3") {
		t.Errorf("%v, want that x.u1 sees x.u3 as a ghost", err)
	}
}

func TestAChangeThatNobodyMadeIsAStray(t *testing.T) {
	f := newFake(t)
	o, calls := f.options(), 0
	o.Meter = func(context.Context) (Usage, error) {
		if calls++; calls == 5 { // all are there, and are to be idle
			f.mu.Lock()
			list := slices.Clone(f.rooms["x.c0"])
			f.leave("x.u2", "x.c0")
			f.rooms["x.c0"] = list
			f.tell("x.c0", "join", "x.u2")
			f.mu.Unlock()
			f.flush(t)
		}
		return Usage{}, nil
	}
	r, err := Idle(t.Context(), o, IdlePlan{Clients: 4, Members: 4})
	if err == nil || r.Check.Strays != 6 || !strings.Contains(err.Error(), "is told that x.u2 left, who did not") {
		t.Errorf("%v, want 3 leaves and 3 joins that nobody made", err)
	}
}

func TestARosterThatComesUnaskedTellsWhatHasChanged(t *testing.T) {
	f := newFake(t)
	o, calls := f.options(), 0
	o.Meter = func(context.Context) (Usage, error) {
		if calls++; calls == 5 {
			f.mu.Lock()
			s := f.seats["x.u0"]
			s.version++
			s.say(`{"type":"roster","channel":"x.c0","version":%d,"count":2,"members":[%s],"more":false}`, s.version, users([]string{"x.u0", "x.u2"}))
			f.mu.Unlock()
			f.flush(t)
		}
		return Usage{}, nil
	}
	r, err := Idle(t.Context(), o, IdlePlan{Clients: 3, Members: 3})
	if err == nil || r.Check.Strays != 1 || !strings.Contains(err.Error(), "x.u0 in x.c0 is told that x.u1 left, who did not") {
		t.Errorf("%v, want that x.u1 is missing on it", err)
	}
}

func TestFirstAndLastToldAreByWhenTheyReadIt(t *testing.T) {
	c := &crowd{names: names{"x"}, options: Options{Patience: patience}}
	c.options.URLs = []string{""}
	c.addRoom(3)
	j := &joiner{client: c.clients[2], members: 2, joins: newSpread(), roster: newStopwatch()}
	begun := time.Now()
	err := j.change(t.Context(), joined, func() (time.Time, error) {
		for i, at := range []time.Duration{time.Second, 3 * time.Second} {
			j.hear(event{client: c.clients[i], kind: joined, user: 2, at: begun.Add(at)})
		}
		j.hear(event{client: j.client, kind: entered, seen: 3, at: begun.Add(2 * time.Second)})
		return begun, nil
	}, j.joins, new(cost))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		got  Latency
		want float64
	}{{j.joins.first.latency(), 1000}, {j.joins.last.latency(), 3000}, {j.roster.latency(), 2000}} {
		if l.got.Count != 1 || l.got.P50 < l.want || l.got.P50 > l.want*1.001 {
			t.Errorf("%+v, want one of %v ms", l.got, l.want)
		}
	}
}

func TestALostConnectionIsAFinding(t *testing.T) {
	for name, lose := range map[string]func(f *fake, one *client) error{
		"of a member": func(f *fake, _ *client) error {
			f.drops = func(from *seat, kind string) bool { return kind == "pong" && from.user == "x.u1" }
			f.seats["x.u1"].say(`{"type":"ping","time":1}`)
			return nil
		},
		"of one who joins, and whom nobody waits for": func(f *fake, one *client) error {
			f.drops = func(_ *seat, kind string) bool { return kind == "join" }
			_, err := one.join()
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			c := f.crowd(t, 3)
			over := make(chan error, 1)
			c.listen(func(e event) {
				if e.kind == lost {
					over <- e.err
				}
			})
			f.mu.Lock()
			err := lose(f, c.clients[1])
			f.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			<-over
			err = c.checks.found().err()
			if err == nil || !strings.Contains(err.Error(), "1 connections lost") || !strings.Contains(err.Error(), "x.u1 lost its connection: the server broke the connection") {
				t.Errorf("%v, want that x.u1 lost its connection", err)
			}
		})
	}
}

func TestNothingIsSaidOfAllWhereSomeAreMissing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := newFake(t)
	hellos := 0
	f.drops = func(from *seat, kind string) bool { // nobody comes back
		if kind == "hello" {
			hellos++
		}
		if kind != "hello" || hellos <= 3 {
			return false
		}
		cancel()
		return true
	}
	storm, err := Storm(ctx, f.options(), StormPlan{Clients: 2, Members: 2})
	if err == nil || len(storm.Phases) == 0 {
		t.Errorf("%v, %+v; want that it was ended in the storm", err, storm)
	}
	f = newFake(t)
	f.times = func(_, _, whom string) (int, string) { return 0, whom }
	o := f.options()
	o.giveUp = closed()
	mass, err := Mass(t.Context(), o, MassPlan{Members: 2})
	if err == nil || mass.Complete.Count > 1 {
		t.Errorf("%v, %+v; want that not both see each other", err, mass)
	}
	for _, fact := range append(storm.Facts(), mass.Facts()...) {
		if strings.HasPrefix(fact.Name, "everybody") {
			t.Errorf("it says %s: %s", fact.Name, fact.Value)
		}
	}
	if storm.Millis > 0 || mass.Millis > 0 {
		t.Errorf("all were back after %v ms, and seen after %v", storm.Millis, mass.Millis)
	}
}

func closed() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func TestAStormThatOthersSeeIsAFindingOnlyWithinTheGrace(t *testing.T) {
	for last, strays := range map[time.Duration]int{time.Second: 1, 4 * time.Second: 0} {
		c := &crowd{names: names{"x"}}
		r := &room{name: "x.c0", size: 2}
		s := &storm{plan: StormPlan{Grace: 3 * time.Second}, last: last, told: []event{{client: &client{crowd: c, room: r}, kind: left, user: 1}}}
		s.judge(c)
		if got := c.checks.found().Strays; got != strays {
			t.Errorf("all were back after %v: %d strays, want %d", last, got, strays)
		}
	}
}
