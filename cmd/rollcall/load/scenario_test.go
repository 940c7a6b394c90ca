package load

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/node"
)

// nobodyLeft waits until nobody is in a channel any more.
func nobodyLeft(t *testing.T, n *node.Node) {
	t.Helper()
	for end := time.Now().Add(patience); ; tick(t) {
		left, _ := n.Channels("", "", 10)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("channels %+v are left, want none", left)
		}
	}
}

func TestAcceptTimesEachStepOfEachClient(t *testing.T) {
	n := newNode(t)
	r, err := Accept(t.Context(), at(n), AcceptPlan{Clients: 20, Members: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Latencies() {
		if l.Count != 20 || l.Max <= 0 || l.P50 > l.P99 || l.P99 > l.Max {
			t.Errorf("%s: %+v, want 20 in order", l.Name, l.Latency)
		}
	}
	nobodyLeft(t, n)
}

func TestJoinsAndLeavesAreToldToAllMembersOnTwoNodes(t *testing.T) {
	a := newNode(t)
	b := newNode(t, a.GossipAddr())
	r, err := Joins(t.Context(), at(a, b), JoinsPlan{Members: 9, Joins: 4, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Latencies() {
		if l.Count != 4 {
			t.Errorf("%s: %+v, want 4", l.Name, l.Latency)
		}
	}
	if r.Told != 2*4*9 {
		t.Errorf("%d were told, want each of 9 members 4 joins and 4 leaves", r.Told)
	}
}

func TestMassEndsWhenEverybodyHasSeenEverybody(t *testing.T) {
	n := newNode(t)
	r, err := Mass(t.Context(), at(n), MassPlan{Members: 40})
	if err != nil {
		t.Fatal(err)
	}
	if r.Roster.Count != 40 || r.Complete.Count != 40 || r.Millis < r.Complete.Max*0.99 || r.Check.Rosters != 40 {
		t.Errorf("%+v, want 40 rosters, each complete", r)
	}
	nobodyLeft(t, n)
}

// hasty is a server whose answer is read while the join is still being sent.
type hasty struct {
	Rollcall
	joining func()
}

func (h hasty) Session(user string, former Session) (Session, error) {
	s, err := h.Rollcall.Session(user, former)
	return hastySession{s, h.joining}, err
}

type hastySession struct {
	Session
	joining func()
}

func (s hastySession) Join(b []byte, channel string) []byte {
	s.joining()
	return s.Session.Join(b, channel)
}

func TestMassTimesARosterHoweverSoonItComes(t *testing.T) {
	m := &mass{members: 1, roster: newStopwatch(), complete: newStopwatch(), done: make(chan struct{})}
	var all *crowd
	o := newFake(t).options()
	o.Dialect = hasty{o.Dialect.(Rollcall), func() { m.hear(event{client: all.clients[0], kind: entered, at: time.Now()}) }}
	err := play(o, "mass", new(Result), func(c *crowd) error {
		all = c
		return m.run(t.Context(), c)
	})
	if got := m.roster.count(); err != nil || got != 2 {
		t.Errorf("%d rosters are timed, want that while it joins and the one that follows; %v", got, err)
	}
}

func TestMassKnowsByTheCountWhereRostersArePartial(t *testing.T) {
	n := newNodeOf(t, node.Config{MaxRoster: 10})
	r, err := Mass(t.Context(), at(n), MassPlan{Members: 30})
	if err != nil || r.Complete.Count != 30 {
		t.Errorf("%v, %+v; want that all know of 30", err, r)
	}
}

func TestChurnMakesAllChangesThatAreDue(t *testing.T) {
	n := newNode(t)
	r, err := Churn(t.Context(), at(n), ChurnPlan{Clients: 24, Members: 12, Rate: 100, For: 500 * time.Millisecond, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.Changes != 50 || r.JoinLast.Count+r.LeaveLast.Count != 50 || r.JoinFirst.Count != r.JoinLast.Count || r.Late.Count != 50 {
		t.Errorf("%+v, want 50 changes, each told of to the last", r)
	}
	nobodyLeft(t, n)
}

func TestStormWithinTheGraceIsSeenByNobody(t *testing.T) {
	n := newNodeOf(t, node.Config{Interval: time.Minute, Timeout: 3 * time.Minute, Grace: time.Minute})
	o := at(n)
	r, err := Storm(t.Context(), o, StormPlan{Clients: 20, Members: 10, Jitter: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Back.Count != 20 || r.Leaves+r.Joins > 0 || r.Millis <= 0 || r.Check.Rosters != 22 {
		t.Errorf("%+v, want that 20 are back, and 22 rosters as before", r)
	}
}

func TestSilentClientsAnswerNothingAndAreSeenToLeave(t *testing.T) {
	f := newFake(t)
	plan := SilentPlan{Clients: 8, Members: 4, Silent: 3, Spread: time.Millisecond, Seed: 1}
	fallen := map[string]bool{}
	plan.fell = func(user string) {
		f.mu.Lock()
		fallen[user] = true
		for name, s := range f.seats {
			if s.say(`{"type":"ping","time":1}`); !fallen[name] {
				defer func() { <-s.ponged }()
			}
		}
		for channel, users := range f.rooms {
			if slices.Contains(users, user) {
				f.leave(user, channel)
			}
		}
		f.mu.Unlock()
	}
	r, err := Silent(t.Context(), f.options(), plan)
	if err != nil {
		t.Fatal(err)
	}
	for user := range fallen {
		if n := len(f.seats[user].ponged); n > 0 {
			t.Errorf("%s has answered after it fell silent", user)
		}
	}
	if r.AfterFrame.Count < 3 || r.AfterFall.Max > r.AfterFrame.Max || r.Check.Rosters != 5 || len(fallen) != 3 {
		t.Errorf("%+v, want that 3 leaves were told, and 5 rosters are right", r)
	}
}

func TestWrongPlansAreRefused(t *testing.T) {
	o := Options{Dialect: Rollcall{Token: token}, URLs: []string{"ws://127.0.0.1:1"}}
	for want, do := range map[string]func() error{
		"clients: 0, want 1 to 1000000": func() error { _, err := Idle(t.Context(), o, IdlePlan{Members: 1}); return err },
		"members: 0":                    func() error { _, err := Accept(t.Context(), o, AcceptPlan{Clients: 1}); return err },
		"joins: 0":                      func() error { _, err := Joins(t.Context(), o, JoinsPlan{Members: 1}); return err },
		"members: -1":                   func() error { _, err := Mass(t.Context(), o, MassPlan{Members: -1}); return err },
		"rate 0 for 1s": func() error {
			_, err := Churn(t.Context(), o, ChurnPlan{Clients: 2, Members: 2, For: time.Second})
			return err
		},
		"jitter and grace": func() error {
			_, err := Storm(t.Context(), o, StormPlan{Clients: 1, Members: 1, Jitter: -1})
			return err
		},
		"silent: 2, want 1 to 1": func() error {
			_, err := Silent(t.Context(), o, SilentPlan{Clients: 2, Members: 2, Silent: 2})
			return err
		},
		"want a dialect":       func() error { _, err := Mass(t.Context(), Options{}, MassPlan{Members: 1}); return err },
		"127.0.0.1:1: connect": func() error { _, err := Mass(t.Context(), o, MassPlan{Members: 1}); return err },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want that it says %q", err, want)
		}
	}
}
