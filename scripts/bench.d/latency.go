package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

const (
	// pace is the time between two samples, so that each begins on a machine at rest.
	pace = 5 * time.Millisecond

	// rest is how long a channel is left alone before the next sample in it: more
	// than the 20 ms within which changes of a channel go together.
	rest = 40 * time.Millisecond

	// rooms is how many channels take turns. Each is joined, and left lag turns later.
	rooms, lag = 8, 2

	// patience is how long one sample may take.
	patience = 5 * time.Second
)

// probe is one kind of latency.
type probe struct {
	name   string
	floor  string // the probe to compare with; empty: it is a floor itself
	sample func(ctx context.Context, turn int) (time.Duration, error)
	took   []time.Duration
}

// measureLatency samples all probes in turns, so that a machine that is busy with
// something else for a while slows them all.
func measureLatency(ctx context.Context, p plan) ([]latency, error) {
	one, err := newHops(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer one.stop()
	two, err := newHops(ctx, 2)
	if err != nil {
		return nil, err
	}
	defer two.stop()
	c, err := newCluster(ctx, p.binary, nodes)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	same, err := c.newVisits(ctx, "same", 0, 0)
	if err != nil {
		return nil, err
	}
	defer same.end()
	across, err := c.newVisits(ctx, "across", 0, 1)
	if err != nil {
		return nil, err
	}
	defer across.end()
	probes := []*probe{
		{name: "one relay", sample: one.sample},
		{name: "join, same node", floor: "one relay", sample: same.join},
		{name: "leave, same node", floor: "one relay", sample: same.leave},
		{name: "two relays", sample: two.sample},
		{name: "join, across nodes", floor: "two relays", sample: across.join},
		{name: "leave, across nodes", floor: "two relays", sample: across.leave},
	}
	if err := takeTurns(ctx, probes, p.samples); err != nil {
		return nil, err
	}
	return summarize(probes), nil
}

// takeTurns samples every probe n times, after some turns that are not counted.
func takeTurns(ctx context.Context, probes []*probe, n int) error {
	const unmeasured = 2 * rooms
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for turn := range unmeasured + n {
		for _, p := range probes {
			<-ticker.C
			try, cancel := context.WithTimeout(ctx, patience)
			d, err := p.sample(try, turn)
			cancel()
			if err != nil {
				return fmt.Errorf("%s, sample %d: %w", p.name, turn, err)
			}
			if turn >= unmeasured {
				p.took = append(p.took, d)
			}
		}
	}
	return nil
}

// visits are joins and leaves on one node as a follower on that or another sees
// them. Each room has a joiner of its own, so that no socket comes near a rate limit.
type visits struct {
	name     string
	joiners  crowd
	follower *client.Client
	seen     chan sight
	touched  [rooms]time.Time // when the room's last change was over
}

// sight is a change that the follower was told of.
type sight struct {
	channel, user string
	left          bool
	at            time.Time
}

func (c *cluster) newVisits(ctx context.Context, name string, from, to int) (*visits, error) {
	v := &visits{name: name, seen: make(chan sight, 4*rooms)}
	var err error
	if v.follower, err = c.dial(ctx, to, name+"-follower", v.see); err != nil {
		return nil, err
	}
	if v.joiners, err = c.dialAll(ctx, rooms, name, func(int) int { return from }, nil); err != nil {
		v.follower.Break()
		return nil, err
	}
	for room := range rooms {
		if _, err := v.follower.Watch(ctx, v.channel(room)); err != nil {
			v.end()
			return nil, err
		}
	}
	return v, nil
}

func (v *visits) end() { v.joiners.end(); v.follower.Break() }

func (v *visits) channel(room int) string { return fmt.Sprintf("%s.%d", v.name, room) }

// see notes what a diff tells. One that does not fit was not waited for.
func (v *visits) see(m *client.Message) {
	if m.Type != "diff" {
		return
	}
	at := time.Now()
	note := func(user string, left bool) {
		select {
		case v.seen <- sight{m.Channel, user, left, at}:
		default:
		}
	}
	for _, member := range m.Join {
		note(member.User, false)
	}
	for _, leaver := range m.Leave {
		note(leaver.User, true)
	}
}

func (v *visits) join(ctx context.Context, turn int) (time.Duration, error) {
	return v.sample(ctx, turn%rooms, "join")
}

// leave leaves the room that was joined lag turns before; in the first turns, one
// that nobody is in, of which nobody hears.
func (v *visits) leave(ctx context.Context, turn int) (time.Duration, error) {
	if turn < lag {
		return 0, nil
	}
	return v.sample(ctx, (turn-lag)%rooms, "leave")
}

// sample sends a request about a room at rest and returns how long after it the
// follower was told. It waits for the answer too: only then all is at rest again.
func (v *visits) sample(ctx context.Context, room int, request string) (time.Duration, error) {
	time.Sleep(rest - time.Since(v.touched[room]))
	defer func() { v.touched[room] = time.Now() }()
	want := sight{channel: v.channel(room), user: fmt.Sprintf("%s-%d", v.name, room), left: request == "leave"}
	begun := time.Now()
	if _, err := v.joiners[room].Do(ctx, client.Request{Type: request, Channel: want.channel}); err != nil {
		return 0, err
	}
	for {
		select {
		case s := <-v.seen:
			at := s.at
			if s.at = want.at; s == want {
				return at.Sub(begun), nil
			}
		case <-v.follower.Done():
			return 0, v.follower.Err()
		case <-ctx.Done():
			return 0, fmt.Errorf("the follower hears of no %s: %w", request, ctx.Err())
		}
	}
}

// latency is how long something took, in microseconds.
type latency struct {
	Name    string  `json:"name"`
	Samples int     `json:"samples"`
	P50     float64 `json:"p50_us"`
	P90     float64 `json:"p90_us"`
	P99     float64 `json:"p99_us"`
	Max     float64 `json:"max_us"`
	Floor   string  `json:"floor,omitempty"`
	Ratio   float64 `json:"p50_to_floor,omitempty"`
}

func summarize(probes []*probe) []latency {
	floors := map[string]float64{}
	var rows []latency
	for _, p := range probes {
		slices.Sort(p.took)
		at := func(percent int) float64 { return microseconds(percentile(p.took, percent)) }
		row := latency{Name: p.name, Samples: len(p.took), P50: at(50), P90: at(90), P99: at(99), Max: at(100), Floor: p.floor}
		if floors[p.name] = row.P50; p.floor != "" {
			row.Ratio = row.P50 / floors[p.floor]
		}
		rows = append(rows, row)
	}
	return rows
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// percentile returns the least of the sorted values that that many percent of them
// do not exceed. There is at least one.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}
