package top

import (
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
	"github.com/rollcall-presence/rollcall/node"
)

// maxRates bounds how many rates are kept: more than a terminal is wide.
const maxRates = 300

// State is what is to be drawn.
type State struct {
	URL      string
	Cluster  admin.Cluster
	Said     map[string]admin.Node // by id: what the nodes said when they were asked last; nil: they were not yet
	Figures  admin.Figures
	Rates    []Rate // the newest last
	Channels []node.Channel
	Why      *admin.Why // nil: of nobody
	Err      error      // why the node does not answer; what is drawn is what it said last
	At       time.Time  // of the last answer, by the local clock

	counted time.Time // when Figures were
}

// Rate is how many came and went, a second.
type Rate struct{ Joins, Leaves float64 }

// Count takes figures, and makes a rate of what was counted since the last. A count that went down is
// that of a node that began anew.
func (s *State) Count(f admin.Figures, at time.Time) {
	seconds := at.Sub(s.counted).Seconds()
	if !s.counted.IsZero() && seconds > 0 && f.Joins >= s.Figures.Joins && f.Leaves >= s.Figures.Leaves {
		s.Rates = append(s.Rates, Rate{(f.Joins - s.Figures.Joins) / seconds, (f.Leaves - s.Figures.Leaves) / seconds})
		s.Rates = s.Rates[max(0, len(s.Rates)-maxRates):]
	}
	s.Figures, s.counted = f, at
}

// now is the time by the clock of the node that answered, whose own sign of life is always now.
func (s *State) now() time.Time {
	if len(s.Cluster.Nodes) == 0 {
		return s.At
	}
	return time.UnixMilli(s.Cluster.Nodes[0].LastHeard)
}
