package load

import (
	"context"
	"time"
)

// Result is what every scenario has to tell.
type Result struct {
	Scenario string   `json:"scenario"`
	Run      string   `json:"run"` // what all names began with
	URLs     []string `json:"urls"`
	Seconds  float64  `json:"seconds"` // all of it

	Clients int     `json:"clients"`
	Rooms   int     `json:"channels"`
	Phases  []Phase `json:"phases"`
	Traffic Traffic `json:"traffic"` // of all phases, as the clients see it
	Check   Check   `json:"check"`
}

// Phase is one part of a scenario.
type Phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Traffic Traffic `json:"traffic"`

	// Of the servers together, if there is a Meter.
	CPU      float64 `json:"cpu_seconds,omitempty"`    // used meanwhile
	Resident int64   `json:"resident_bytes,omitempty"` // in the end
	Grown    int64   `json:"grown_bytes,omitempty"`    // by how much that grew; may be negative
}

// Traffic is what went over the sockets, upgrade requests not counted. Frames are those of messages.
type Traffic struct {
	BytesIn   int64 `json:"bytes_in"`
	BytesOut  int64 `json:"bytes_out"`
	FramesIn  int64 `json:"frames_in"`
	FramesOut int64 `json:"frames_out"`
}

func (t Traffic) minus(was Traffic) Traffic {
	return Traffic{t.BytesIn - was.BytesIn, t.BytesOut - was.BytesOut, t.FramesIn - was.FramesIn, t.FramesOut - was.FramesOut}
}

func (a *sockets) traffic() Traffic {
	return Traffic{a.bytesIn.Load(), a.bytesOut.Load(), a.framesIn.Load(), a.framesOut.Load()}
}

// phase does one part of a scenario, and measures what it took. What was measured is kept
// also if it fails.
func (c *crowd) phase(ctx context.Context, name string, do func() error) error {
	before, err := c.meter(ctx)
	if err != nil {
		return err
	}
	traffic, begun := c.traffic(), time.Now()
	err = do()
	p := Phase{Name: name, Seconds: time.Since(begun).Seconds(), Traffic: c.traffic().minus(traffic)}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), meterTime)
	defer cancel()
	after, failed := c.meter(last)
	if failed == nil {
		p.CPU, p.Resident, p.Grown = (after.CPU - before.CPU).Seconds(), after.Resident, after.Resident-before.Resident
	}
	c.phases = append(c.phases, p)
	if err == nil {
		err = failed
	}
	return err
}

// meterTime is how long the last reading of a phase may take, also after the end of the context.
const meterTime = 10 * time.Second

func (c *crowd) meter(ctx context.Context) (Usage, error) {
	if c.options.Meter == nil {
		return Usage{}, nil
	}
	return c.options.Meter(ctx)
}

// result is what there is to tell so far.
func (c *crowd) result(scenario string) Result {
	return Result{Scenario: scenario, Run: c.run, URLs: c.options.URLs, Seconds: time.Since(c.begun).Seconds(),
		Clients: len(c.clients), Rooms: len(c.rooms), Phases: c.phases, Traffic: c.traffic(), Check: c.checks.found()}
}
