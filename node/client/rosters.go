package client

import (
	"fmt"
	"maps"
	"sync"
)

// Rosters is what a follower knows of its channels, fed with the messages of one
// connection after another, or of two while it moves from one to the other: see
// [Rosters.Feed]. The zero value knows nothing. All methods may be called concurrently.
type Rosters struct {
	mu       sync.Mutex
	channels map[string]*following
	feeds    uint64 // how many there were
	over     uint64 // those up to this one feed nothing any more
	only     *Feed  // that of Apply
}

// Feed is what one connection tells. It is current in a channel from its first roster on:
// then those made before it tell nothing there any more.
type Feed struct {
	rosters *Rosters
	number  uint64
}

// following is one channel. Bounded by what the node sends: a roster has at
// most count members, and the node bounds the channels of a socket.
type following struct {
	roster   *Roster // nil: none yet
	from     uint64  // the feed that roster goes on with
	readings map[uint64]*reading
}

// reading is how far a feed is in a channel.
type reading struct {
	parts *Roster // what came of a roster whose end is to come
	stale bool    // versions do not go on from roster; wait for the next one
}

// Feed returns a feed for a connection that is made while another still feeds. That goes
// on until this one has a roster, and only what they differ in is a change: so whoever
// moves from one node to another sees nothing of it.
func (r *Rosters) Feed() *Feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.feed()
}

func (r *Rosters) feed() *Feed {
	r.feeds++
	return &Feed{r, r.feeds}
}

// Apply is [Feed.Apply] for those who have one connection at a time, which call
// [Rosters.Reconnect] before the next.
func (r *Rosters) Apply(m *Message) (Changes, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.only == nil {
		r.only = r.feed()
	}
	return r.only.apply(m)
}

// Apply takes in a message and returns what it changes for a follower: for a
// roster, the difference to what was known before. Messages that are not about
// a roster change nothing. After a [*GapError] the channel's diffs are passed
// over without another word until a roster comes, which [Client.Sync] asks for.
func (f *Feed) Apply(m *Message) (Changes, error) {
	f.rosters.mu.Lock()
	defer f.rosters.mu.Unlock()
	return f.apply(m)
}

func (f *Feed) apply(m *Message) (Changes, error) {
	switch m.Type {
	case "roster", "diff", "count", "ended":
	default:
		return Changes{}, nil
	}
	w := f.rosters.following(m.Channel)
	if w.from > f.number || f.number <= f.rosters.over {
		return Changes{}, nil // a later connection tells of it now
	}
	switch m.Type {
	case "roster":
		return f.takeRoster(w, m)
	case "diff":
		return f.takeDiff(w, m)
	case "count":
		w.roster, w.from = &Roster{Version: m.Version, Count: m.Count, Partial: true, Members: map[string]Member{}}, f.number
	case "ended":
		delete(f.rosters.channels, m.Channel)
	}
	return Changes{}, nil
}

func (f *Feed) takeRoster(w *following, m *Message) (Changes, error) {
	now := w.reading(f.number)
	if now.parts == nil || now.parts.Version != m.Version {
		now.parts = &Roster{}
	}
	now.parts.add(m)
	if m.More {
		return Changes{}, nil
	}
	before := w.roster
	w.roster, w.from = now.parts, f.number
	now.parts, now.stale = nil, false
	maps.DeleteFunc(w.readings, func(number uint64, _ *reading) bool { return number < f.number })
	// A follower in mode count is sent no members at all.
	if len(w.roster.Members) > 0 && w.roster.miscounted() {
		now.stale = true
		return Changes{}, &GapError{Channel: m.Channel, Got: m.Version, Problem: w.roster.miscount()}
	}
	w.roster.keepDoubtful(before)
	return Difference(before, w.roster), nil
}

func (f *Feed) takeDiff(w *following, m *Message) (Changes, error) {
	now := w.reading(f.number)
	if now.stale {
		return Changes{}, nil
	}
	if w.roster == nil || w.from != f.number || now.parts != nil {
		now.stale = true
		return Changes{}, &GapError{Channel: m.Channel, Got: m.Version, Problem: "a diff before the roster is whole"}
	}
	changes, problem := w.roster.apply(m)
	if problem != "" {
		now.stale = true
		return changes, &GapError{Channel: m.Channel, Had: w.roster.Version, Got: m.Version, Problem: problem}
	}
	return changes, nil
}

func (r *Rosters) following(channel string) *following {
	if r.channels == nil {
		r.channels = make(map[string]*following)
	}
	w := r.channels[channel]
	if w == nil {
		w = &following{readings: make(map[uint64]*reading, 1)}
		r.channels[channel] = w
	}
	return w
}

func (w *following) reading(feed uint64) *reading {
	if w.readings[feed] == nil {
		w.readings[feed] = &reading{}
	}
	return w.readings[feed]
}

// Reconnect ends all feeds there are, for a connection that follows on none. What it
// will not go on with is forgotten: versions and half-read rosters. Members stay, to be
// compared with the roster to come.
func (r *Rosters) Reconnect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over, r.only = r.feeds, nil
	for _, w := range r.channels {
		clear(w.readings)
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
	w := r.channels[channel]
	if w == nil || w.roster == nil {
		return Roster{}, false
	}
	roster := *w.roster
	roster.Members = maps.Clone(roster.Members)
	return roster, w.from > r.over && !w.reading(w.from).stale
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
