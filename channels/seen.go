package channels

import (
	"container/heap"
	"slices"
	"strings"
	"time"
)

// seenFor is how long a user who left is remembered.
const seenFor = 24 * time.Hour

// Seen says how long ago a user was last seen. Between nodes it travels as an age.
type Seen struct {
	User string
	Age  time.Duration
}

// seen remembers when users were last seen, up to a bound, the oldest out first.
// A user who hides was last seen when she hid, so that nobody learns more.
type seen struct {
	byUser map[string]*sighting
	oldest sightings
}

type sighting struct {
	user string
	at   time.Duration // running time, below 0 if learned from an older node
	wall int64         // the same, Unix milliseconds
	i    int           // index in the heap
}

// see remembers that the user is seen for the last time now.
func (v *View) see(now Now, user string) {
	v.addSeen(&sighting{user: user, at: now.Run, wall: now.Wall})
}

func (v *View) addSeen(s *sighting) {
	v.seen.remove(s.user)
	heap.Push(&v.seen.oldest, s)
	v.seen.byUser[s.user] = s
	if len(v.seen.oldest) > v.cfg.MaxSeen {
		v.seen.remove(v.seen.oldest[0].user)
		v.stats.SeenDropped++
	}
}

// LastSeen returns when a user who shows as offline was last seen, Unix
// milliseconds by this node's clock. 0: not within a day, as far as is known.
func (v *View) LastSeen(user string) int64 {
	if s := v.seen.byUser[user]; s != nil {
		return s.wall
	}
	return 0
}

// Seen returns all users who left and are remembered, the latest first, to be
// handed to a node that joins.
func (v *View) Seen(now Now) []Seen {
	all := make([]Seen, 0, len(v.seen.oldest))
	for _, s := range v.seen.oldest {
		all = append(all, Seen{s.user, now.Run - s.at})
	}
	slices.SortFunc(all, func(a, b Seen) int {
		if a.Age != b.Age {
			return int(min(1, max(-1, a.Age-b.Age)))
		}
		return strings.Compare(a.User, b.User)
	})
	return all
}

// LearnSeen takes what another node remembers. It counts only for users who show
// as offline here, and only if it is later than what is known.
func (v *View) LearnSeen(now Now, all []Seen) {
	for _, s := range all {
		age := max(s.Age, 0)
		if u := v.users[s.User]; age >= seenFor || u != nil && u.visible() {
			continue
		}
		if known := v.seen.byUser[s.User]; known != nil && known.at >= now.Run-age {
			continue
		}
		v.addSeen(&sighting{
			user: strings.Clone(s.User), at: now.Run - age, wall: now.Wall - age.Milliseconds(),
		})
	}
}

func (s *seen) remove(user string) {
	if old := s.byUser[user]; old != nil {
		heap.Remove(&s.oldest, old.i)
		delete(s.byUser, user)
	}
}

// next returns when the oldest one is forgotten.
func (s *seen) next() (run time.Duration, ok bool) {
	if len(s.oldest) == 0 {
		return 0, false
	}
	return s.oldest[0].at + seenFor, true
}

func (s *seen) expire(run time.Duration) {
	for at, ok := s.next(); ok && at <= run; at, ok = s.next() {
		s.remove(s.oldest[0].user)
	}
}

// sightings is a heap, the oldest on top.
type sightings []*sighting

func (h sightings) Len() int { return len(h) }

func (h sightings) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].user < h[j].user
}

func (h sightings) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *sightings) Push(x any) {
	s := x.(*sighting)
	s.i = len(*h)
	*h = append(*h, s)
}

func (h *sightings) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
