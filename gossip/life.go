package gossip

import (
	"fmt"
	"time"
)

// State is what a node believes of a peer.
//
//	      overdue: asked            questions unanswered, timeout
//	Here ----------------> Late ----------------------------------> Lost
//	  ^                      | higher beat                            |
//	  +----------------------+<---- first-hand beat, or its stream ---+
//
//	Here, Late, Lost -- goodbye --> Gone, for good
type State uint8

const (
	Here State = iota + 1 // heard in time
	Late                  // overdue and being asked; its entries still stand
	Lost                  // given up; its entries are out of the view, its table is kept aside
	Gone                  // said goodbye; what it still held gets the grace
)

// String returns the word that the HTTP API uses.
func (s State) String() string {
	switch s {
	case Here:
		return "here"
	case Late:
		return "late"
	case Lost:
		return "lost"
	case Gone:
		return "left"
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// unanswered is how many questions must have been put before a node is given up.
const unanswered = 2

// next returns the state of a peer, here or late, that was silent for that long
// of our own running time and left that many questions unanswered.
func next(silent time.Duration, asked int, p pace) State {
	switch {
	case silent >= p.timeout && asked >= unanswered:
		return Lost
	case silent >= p.overdue():
		return Late
	default:
		return Here
	}
}

// pace is how often a node pings and how long it is to be waited for.
type pace struct{ interval, timeout time.Duration }

// The pace that a peer tells of itself is held within these bounds.
const (
	minInterval = 10 * time.Millisecond
	maxInterval = time.Hour
)

// told returns the pace that a ping tells, in milliseconds, made safe.
func told(interval, timeout int64) pace {
	i := min(max(time.Duration(interval)*time.Millisecond, minInterval), maxInterval)
	t := min(max(time.Duration(timeout)*time.Millisecond, i*13/10), 10*maxInterval)
	return pace{i, t}
}

// overdue is how long a peer may be silent before it is asked.
func (p pace) overdue() time.Duration { return p.interval * 105 / 100 }

// tick is how often a core wants its Tick.
func (p pace) tick() time.Duration { return p.interval / 50 }

// ask is the time between two questions; a round of them is over after round.
func (p pace) ask() time.Duration   { return p.interval / 20 }
func (p pace) round() time.Duration { return p.interval / 10 }

// pause is how late a tick must come for the process to have been paused.
func (p pace) pause() time.Duration { return p.tick() + (p.timeout-p.interval)/2 }
