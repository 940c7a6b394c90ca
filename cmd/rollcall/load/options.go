package load

import (
	"context"
	"fmt"
	"time"
)

// Options is what all scenarios have in common. A zero field takes its default.
type Options struct {
	// Dialect is how the server talks. Required.
	Dialect Dialect

	// URLs are the servers, ws:// or wss://, with path. Clients are spread over them in turn. Required.
	URLs []string

	// Run begins the names of all users and channels, so that runs do not meet. Default: of the
	// current time. At most 64 bytes of letters, digits, dots and dashes.
	Run string

	// Concurrency is how many clients are connecting at a time, where a scenario does not say
	// itself. Default 64.
	Concurrency int

	// Patience bounds each wait for the server: until a client is let in, until all have seen
	// what they should. Default 30s.
	Patience time.Duration

	// giveUp ends waits for what clients should see, as patience does: tests know what will not
	// come. nil: only patience does.
	giveUp <-chan struct{}

	// Settle is how long after the last wait is over nothing wrong may be told. Default 200ms.
	Settle time.Duration

	// Loose lets servers whose roster and events overlap tell of the same join or leave twice.
	Loose bool

	// Meter reads what the servers have used so far. It is called before and after each phase of a
	// scenario. nil: nobody knows.
	Meter func(context.Context) (Usage, error)

	// Progress is told how far a scenario is, some times a second, never concurrently. nil: nobody looks.
	Progress func(Progress)
}

// Usage is what servers have used, all together.
type Usage struct {
	CPU      time.Duration // since they began
	Resident int64         // bytes, now
}

// Progress is how far a phase of a scenario is.
type Progress struct {
	Phase string
	Done  int
	Of    int // 0: not known
}

const (
	maxRun     = 64
	maxClients = 1_000_000
)

func (o Options) check() (Options, error) {
	if o.Dialect == nil || len(o.URLs) == 0 {
		return o, badPlan("want a dialect and at least one URL")
	}
	if o.Run == "" {
		o.Run = "load-" + fmt.Sprintf("%x", time.Now().UnixMicro())
	}
	for _, c := range o.Run {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return o, badPlan("run %q, want letters, digits, dots and dashes", o.Run)
		}
	}
	if len(o.Run) > maxRun {
		return o, badPlan("run has %d bytes, want at most %d", len(o.Run), maxRun)
	}
	if o.Concurrency == 0 {
		o.Concurrency = 64
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
	if o.Settle == 0 {
		o.Settle = 200 * time.Millisecond
	}
	if o.Concurrency < 0 || o.Patience < 0 || o.Settle < 0 {
		return o, badPlan("concurrency, patience and settle must not be negative")
	}
	return o, nil
}
