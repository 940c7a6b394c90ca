package compare

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/process"
)

// measures has a function for each of [Parts]. It notes the samples of the part's figures.
var measures = map[string]func(context.Context, *trial) error{
	"memory": measureMemory,
	"idle":   measureIdle,
}

const (
	kibi = 1 << 10
	mebi = 1 << 20
)

// rest is how long a server may go on with what it began before its memory is looked at.
const rest = 2 * time.Second

// measureMemory looks at an empty server, and then at one with idle connections.
func measureMemory(ctx context.Context, t *trial) error {
	if err := pause(ctx, rest); err != nil {
		return err
	}
	empty, err := process.Used(t.up.processes...)
	if err != nil {
		return err
	}
	t.note("empty", float64(empty.Resident)/mebi)
	r, err := load.Idle(ctx, t.options(), load.IdlePlan{Clients: t.scale.Connections, Members: members, Hold: rest})
	if err != nil {
		return err
	}
	hold, err := phase(r.Result, "hold")
	if err != nil {
		return err
	}
	t.note("memory", float64(hold.Resident-empty.Resident)/float64(t.scale.Connections)/kibi)
	return nil
}

// measureIdle watches idle connections. What their coming began is over by then.
func measureIdle(ctx context.Context, t *trial) error {
	o := t.options()
	r, err := load.Idle(ctx, o, load.IdlePlan{Clients: t.scale.Idle, Members: members, Hold: t.scale.Look})
	if err != nil {
		return err
	}
	hold, err := phase(r.Result, "hold")
	if err != nil {
		return err
	}
	t.note("idle", 100*hold.CPU/hold.Seconds)
	return nil
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("pause: %w", ctx.Err())
	}
}
