package client

import (
	"fmt"
	"maps"
	"sync"
)

// Rosters is what a follower knows of its channels, fed with the messages of
// one connection after another. The zero value knows nothing. All methods may
// be called concurrently.
type Rosters struct {
	mu       sync.Mutex
	channels map[string]*following
}

// following is one channel. Bounded by what the node sends: a roster has at
// most count members, and the node bounds the channels of a socket.
type following struct {
	roster *Roster // nil: none yet
	parts  *Roster // what came of a roster whose end is to come
	stale  bool    // versions do not go on from roster; wait for the next one
}

// Apply takes in a message and returns what it changes for a follower: for a
// roster, the difference to what was known before. Messages that are not about
// a roster change nothing. After a [*GapError] the channel's diffs are passed
// over without another word until a roster comes, which [Client.Sync] asks for.
func (r *Rosters) Apply(m *Message) (Changes, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m.Type {
	case "roster":
		return r.takeRoster(m)
	case "diff":
		return r.takeDiff(m)
	case "count":
		f := r.following(m.Channel)
		f.roster = &Roster{Version: m.Version, Count: m.Count, Partial: true, Members: map[string]Member{}}
	case "ended":
		delete(r.channels, m.Channel)
	}
	return Changes{}, nil
}

func (r *Rosters) takeRoster(m *Message) (Changes, error) {
	f := r.following(m.Channel)
	if f.parts == nil || f.parts.Version != m.Version {
		f.parts = &Roster{}
	}
	f.parts.add(m)
	if m.More {
		return Changes{}, nil
	}
	before := f.roster
	f.roster, f.parts, f.stale = f.parts, nil, false
	// A follower in mode count is sent no members at all.
	if len(f.roster.Members) > 0 && f.roster.miscounted() {
		f.stale = true
		return Changes{}, &GapError{Channel: m.Channel, Got: m.Version, Problem: f.roster.miscount()}
	}
	f.roster.keepDoubtful(before)
	return Difference(before, f.roster), nil
}

func (r *Rosters) takeDiff(m *Message) (Changes, error) {
	f := r.following(m.Channel)
	if f.stale {
		return Changes{}, nil
	}
	if f.roster == nil || f.parts != nil {
		f.stale = true
		return Changes{}, &GapError{Channel: m.Channel, Got: m.Version, Problem: "a diff before the roster is whole"}
	}
	changes, problem := f.roster.apply(m)
	if problem != "" {
		f.stale = true
		return changes, &GapError{Channel: m.Channel, Had: f.roster.Version, Got: m.Version, Problem: problem}
	}
	return changes, nil
}

func (r *Rosters) following(channel string) *following {
	if r.channels == nil {
		r.channels = make(map[string]*following)
	}
	f := r.channels[channel]
	if f == nil {
		f = &following{}
		r.channels[channel] = f
	}
	return f
}

// Reconnect forgets what the next connection will not go on with: versions and
// half-read rosters. Members stay, to be compared with the roster to come.
func (r *Rosters) Reconnect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.channels {
		f.parts, f.stale = nil, true
	}
}

// Forget drops a channel, as after leaving it.
func (r *Rosters) Forget(channel string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.channels, channel)
}

// Roster returns a copy of what is known of a channel. False: no roster came
// yet, or what is known is out of date.
func (r *Rosters) Roster(channel string) (Roster, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.channels[channel]
	if f == nil || f.roster == nil {
		return Roster{}, false
	}
	roster := *f.roster
	roster.Members = maps.Clone(roster.Members)
	return roster, !f.stale
}

// GapError says that a channel's diffs do not add up to what the node holds.
type GapError struct {
	Channel  string
	Had, Got uint64 // versions: that of the roster, and that of the message
	Problem  string // what is wrong
}

// Error names the channel, the versions and what is wrong.
func (e *GapError) Error() string {
	return fmt.Sprintf("client: channel %q: %s (had version %d, got %d)", e.Channel, e.Problem, e.Had, e.Got)
}
