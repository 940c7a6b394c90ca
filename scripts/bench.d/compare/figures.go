package compare

import (
	"time"

	"github.com/rollcall-presence/rollcall/scripts/bench.d/chart"
)

// Scale is how much load there is.
type Scale struct {
	Connections int           `json:"connections"` // whose memory is measured
	Idle        int           `json:"idle"`        // connections that are watched
	Look        time.Duration `json:"look"`        // for so long
	Rest        time.Duration `json:"rest"`        // how long a server may go on with what it began before its memory is looked at
	Accept      int           `json:"accept"`      // clients that come as fast as they can
	Channels    []Channel     `json:"channels"`    // whose members are told of joins
	Mass        int           `json:"mass"`        // clients that join one empty channel at once
	Silent      int           `json:"silent"`      // clients that fall silent, at even distances
}

// Channel is a channel in which somebody comes and goes.
type Channel struct {
	Members int `json:"members"` // who are told
	Joins   int `json:"joins"`   // and as many leaves
}

// Full is the scale that the targets are for. A minute holds a sign of life of each client of
// each system at its defaults, of which Faye's come last, after 45 seconds.
func Full() Scale {
	return Scale{5000, 2000, time.Minute, 2 * time.Second, 2000, []Channel{{10, 200}, {100, 100}, {1000, 50}}, 1000, 20}
}

// Quick is some seconds for each system.
func Quick() Scale {
	return Scale{1000, 1000, 5 * time.Second, time.Second, 500, []Channel{{10, 50}, {100, 30}}, 300, 5}
}

// members of the channels that idle connections are in.
const members = 50

// Figure is one line of the table. Less is better in all of them.
type Figure struct {
	Key    string // of its samples
	Part   string // that measures it; crash is none of Parts, but noted by the caller
	Title  string
	Unit   string
	Target float64 // what Rollcall must reach at full scale; 0: there is none

	// Times is the same target as a ratio to the limit programs, as they were on the machine that
	// the target was set on; it counts where Target is missed, for machines differ. 0: there is none.
	Times float64
}

// reached reports whether a value is as little as it must be. limit is that of the best limit
// program; 0: not known.
func (f Figure) reached(v, limit float64) bool {
	return f.Target == 0 || v <= f.Target || limit > 0 && v <= f.Times*limit
}

// Parts are what can be measured by itself, in the order in which it is.
var Parts = []string{"memory", "idle", "accept", "joins", "mass", "silent"}

// Figures are the lines of the table at a scale, in order.
func Figures(s Scale) []Figure {
	n := func(count int) string { return chart.Number(float64(count)) }
	all := []Figure{
		{"memory", "memory", "server memory for an idle connection, 0 → " + n(s.Connections), "KiB", 8, 0},
		{"empty", "memory", "memory of an empty server", "MiB", 25, 0},
		{"idle", "idle", "processor, " + n(s.Idle) + " idle connections in channels of 50", "% of a core", 0.5, 0.5 / 0.1},
		{"accept", "accept", "processor to accept, verify and join " + n(s.Accept), "s", 0.6, 0.6 / 0.2},
	}
	// The limit took 5.4 µs, and 0.1, 0.5 and 5 ms.
	type target struct{ told, toldTimes, last, lastTimes float64 }
	targets := map[int]target{10: {40, 40 / 5.4, 0.3, 0.3 / 0.1}, 100: {12, 12 / 5.4, 1, 1 / 0.5}, 1000: {8, 8 / 5.4, 7, 7.0 / 5}}
	for _, c := range s.Channels {
		size := c.Members
		all = append(all, Figure{told(size), "joins", "processor for a delivered join, channel of " + n(size), "µs", targets[size].told, targets[size].toldTimes})
	}
	for _, c := range s.Channels {
		size := c.Members
		all = append(all,
			Figure{last(size), "joins", "until the last of " + n(size) + " has seen a join, p50", "ms", targets[size].last, targets[size].lastTimes},
			Figure{last(size) + ".p99", "joins", "the same, p99", "ms", 0, 0})
	}
	all = append(all, []Figure{
		{"leave", "joins", "until a clean leave is seen in a channel of " + n(s.Channels[0].Members) + ", p50", "ms", 0.5, 0.5 / 0.1},
		{"leave.p99", "joins", "the same, p99", "ms", 1, 0},
		{"mass.time", "mass", n(s.Mass) + " join one empty channel at once, until all have seen all", "s", 0.5, 0.5 / 0.2},
		{"mass.cpu", "mass", "the same, processor", "s", 0.5, 0.5 / 0.2},
		{"mass.memory", "mass", "the same, memory at its most", "MB", 50, 0},
		{"silent", "silent", "until a silent death is seen, at most", "s", 13.5, 0},
		{"crash", "crash", "until the users of a killed node, of two, are gone, at most", "s", 13.5, 0},
	}...)
	if full := Full(); s.Accept != full.Accept || s.Mass != full.Mass {
		for i := range all {
			if all[i].Part == "accept" || all[i].Part == "mass" || all[i].Part == "idle" {
				all[i].Target = 0 // it is of so many
			}
		}
	}
	return all
}

func told(size int) string { return "told." + chart.Number(float64(size)) }

func last(size int) string { return "last." + chart.Number(float64(size)) }
