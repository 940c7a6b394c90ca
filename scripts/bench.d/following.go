package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/node/client"
)

// following is what it costs to tell of changes, one after the other, at rest.
type following struct {
	Name    string  `json:"name"`
	Changes int     `json:"changes"`
	Told    int     `json:"told"`            // to followers, of all changes together
	P50     float64 `json:"p50_us"`          // from the request to the last follower
	P99     float64 `json:"p99_us"`          //
	PerTold float64 `json:"cpu_us_per_told"` // of all nodes together
	Sync    int     `json:"sync_bytes"`      // of the snapshot that began it; 0: there was none
	SyncMS  float64 `json:"sync_ms"`         // until all of it was there
}

// between is the time between two changes: more than the 20 ms within which changes of a
// channel go together, and less often than the limit of requests.
const between = 30 * time.Millisecond

// teller counts what followers are told, and says when it is what was waited for.
type teller struct {
	told  atomic.Int64
	awake chan struct{}
}

func newTeller() *teller { return &teller{awake: make(chan struct{}, 1)} }

func (t *teller) add() {
	t.told.Add(1)
	select {
	case t.awake <- struct{}{}:
	default:
	}
}

// await returns once that many were told.
func (t *teller) await(ctx context.Context, want int64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for t.told.Load() < want {
		select {
		case <-t.awake:
		case <-ctx.Done():
			return fmt.Errorf("%d were told, want %d: %w", t.told.Load(), want, ctx.Err())
		}
	}
	return nil
}

// measureFollowing has a user followed by many, many by one, and a large channel by a
// stream of events.
func measureFollowing(ctx context.Context, p plan) ([]following, error) {
	var all []following
	for _, part := range []func(context.Context, *cluster, plan) (following, error){followOne, followMany, streamChannel} {
		c, err := newCluster(ctx, p.binary, nodes)
		if err != nil {
			return nil, err
		}
		f, err := part(ctx, c, p)
		c.stop()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// followOne has one user change her status, whom many follow on all nodes.
func followOne(ctx context.Context, c *cluster, p plan) (following, error) {
	f := following{Name: fmt.Sprintf("%d follow one user", p.followers), Changes: p.changes}
	t := newTeller()
	followers, err := c.dialAll(ctx, p.followers, "follower", func(i int) int { return i % nodes }, t.users)
	if err != nil {
		return f, err
	}
	defer followers.end()
	star, err := c.dial(ctx, 0, "star", nil)
	if err != nil {
		return f, err
	}
	defer star.Break()
	if err := each(len(followers), func(i int) error { _, err := followers[i].Follow(ctx, "star"); return err }); err != nil {
		return f, err
	}
	err = c.tell(ctx, &f, t, p.followers, func(i int) error { return choose(ctx, star, i) })
	return f, err
}

// followMany has many users, on all nodes, change their status once, whom one follows.
func followMany(ctx context.Context, c *cluster, p plan) (following, error) {
	f := following{Name: fmt.Sprintf("one follows %d users", p.followed), Changes: p.followed}
	t := newTeller()
	stars, err := c.dialAll(ctx, p.followed, "star", func(i int) int { return i % nodes }, nil)
	if err != nil {
		return f, err
	}
	defer stars.end()
	fan, err := c.dial(ctx, 0, "fan", t.users)
	if err != nil {
		return f, err
	}
	defer fan.Break()
	var names []string
	for i := range stars {
		names = append(names, fmt.Sprintf("star-%d", i))
	}
	if err := c.await(ctx, map[string]float64{sessions: float64(p.followed + 1)}); err != nil {
		return f, err
	}
	if _, err := fan.Follow(ctx, names...); err != nil {
		return f, err
	}
	err = c.tell(ctx, &f, t, 1, func(i int) error { return choose(ctx, stars[i], 0) })
	return f, err
}

// streamChannel has one member of a large channel change her data while a stream of
// events of channels is read on another node.
func streamChannel(ctx context.Context, c *cluster, p plan) (following, error) {
	f := following{Name: fmt.Sprintf("a stream over a channel of %d", p.large), Changes: p.changes}
	crowd, err := c.dialAll(ctx, p.large, "member", func(i int) int { return i % nodes }, nil)
	if err != nil {
		return f, err
	}
	defer crowd.end()
	err = each(len(crowd), func(i int) error {
		_, err := crowd[i].Do(ctx, client.Request{Type: "join", Channel: "all", Mode: "count"})
		return err
	})
	if err != nil {
		return f, err
	}
	if err := c.await(ctx, map[string]float64{members: float64(p.large)}); err != nil {
		return f, err
	}
	t := newTeller()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun := time.Now()
	synced, err := c.nodes[1].stream(ctx, "channel.join,channel.leave,channel.update", t.add)
	if err != nil {
		return f, err
	}
	f.Sync, f.SyncMS = synced, time.Since(begun).Seconds()*1e3
	err = c.tell(ctx, &f, t, 1, func(i int) error {
		_, err := crowd[0].Update(ctx, "all", json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)))
		return err
	})
	return f, err
}

// users counts what is told of followed users.
func (t *teller) users(m *client.Message) {
	if m.Type == "user" {
		t.add()
	}
}

// choose chooses one status or another.
func choose(ctx context.Context, c *client.Client, i int) error {
	status := "busy"
	if i%2 == 1 {
		status = "online"
	}
	_, err := c.Do(ctx, client.Request{Type: "status", Status: status})
	return err
}

// tell makes the changes, each after all were told of the one before.
func (c *cluster) tell(ctx context.Context, f *following, t *teller, followers int, change func(i int) error) error {
	before, err := c.spent()
	if err != nil {
		return err
	}
	began := t.told.Load()
	took := make([]time.Duration, f.Changes)
	for i := range took {
		if err := load.Sleep(ctx, between); err != nil {
			return err
		}
		begun := time.Now()
		if err := change(i); err != nil {
			return err
		}
		if err := t.await(ctx, began+int64((i+1)*followers)); err != nil {
			return err
		}
		took[i] = time.Since(begun)
	}
	after, err := c.spent()
	if err != nil {
		return err
	}
	slices.Sort(took)
	f.Told = int(t.told.Load() - began)
	f.P50, f.P99 = microseconds(percentile(took, 50)), microseconds(percentile(took, 99))
	f.PerTold = (after - before) * 1e6 / float64(f.Told)
	return nil
}

// stream reads a node's events until ctx ends. It returns after the sync, with the bytes
// of that; each event after it is given to told.
func (c *child) stream(ctx context.Context, types string, told func()) (synced int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.at.Admin+"/v1/events?types="+types, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return 0, fmt.Errorf("events of %s: %s", c.name, resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		synced += len(line) + 1
		if data, ok := strings.CutPrefix(line, "data: "); ok && strings.HasSuffix(data, `"more":false}`) {
			go func() {
				defer resp.Body.Close()
				for lines.Scan() {
					if strings.HasPrefix(lines.Text(), "data: ") {
						told()
					}
				}
			}()
			return synced, nil
		}
	}
	resp.Body.Close()
	return 0, fmt.Errorf("events of %s ended: %w", c.name, lines.Err())
}
