package node

import "sync/atomic"

// tally counts by a label, whose values are known beforehand: a label that took any value
// would let clients fill the memory of whoever scrapes. Its methods may be called
// concurrently.
type tally map[string]*atomic.Uint64 // fixed by newTally

// other is the value under which a tally counts what it does not know.
const other = "other"

func newTally[T ~string](values ...T) tally {
	t := tally{other: new(atomic.Uint64)}
	for _, v := range values {
		t[string(v)] = new(atomic.Uint64)
	}
	return t
}

func (t tally) add(value string) {
	if n := t[value]; n != nil {
		n.Add(1)
		return
	}
	t[other].Add(1)
}

// read returns the counts, those that are 0 included: a series that begins with its first
// count has no rate.
func (t tally) read() map[string]uint64 {
	counts := make(map[string]uint64, len(t))
	for value, n := range t {
		if c := n.Load(); value != other || c > 0 {
			counts[value] = c
		}
	}
	return counts
}

// limit is a bound on what clients may have, by the name of its flag or, where there is
// none, of what it bounds.
type limit string

const (
	limitSessions     limit = "max-sessions"
	limitUserSessions limit = "max-user-sessions"
	limitChannels     limit = "max-channels"
	limitFollowed     limit = "followed-users"
	limitRate         limit = "rate"
	limitAnswers      limit = "waiting-answers"
)

var limits = []limit{limitSessions, limitUserSessions, limitChannels, limitFollowed, limitRate, limitAnswers}

// reach counts that a client met a limit.
func (n *Node) reach(l limit) { n.limited.add(string(l)) }
