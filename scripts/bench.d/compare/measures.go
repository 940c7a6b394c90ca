package compare

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
)

// measures has a function for each of [Parts]. It notes the samples of the part's figures.
var measures = map[string]func(context.Context, *trial) error{
	"memory": measureMemory,
	"idle":   measureIdle,
	"accept": measureAccept,
	"joins":  measureJoins,
	"mass":   measureMass,
	"silent": measureSilent,
}

const (
	kibi = 1 << 10
	mebi = 1 << 20
)

// measureMemory looks at an empty server, and then at one with idle connections.
func measureMemory(ctx context.Context, t *trial) error {
	if err := load.Sleep(ctx, t.scale.Rest); err != nil {
		return err
	}
	empty, err := t.group.Used()
	if err != nil {
		return err
	}
	t.note("empty", float64(empty.Resident)/mebi)
	r, err := load.Idle(ctx, t.options(), load.IdlePlan{Clients: t.scale.Connections, Members: members, Hold: t.scale.Rest})
	if err != nil {
		return err
	}
	hold, _, err := t.phase(r.Result, "hold")
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
	hold, _, err := t.phase(r.Result, "hold")
	if err != nil {
		return err
	}
	t.note("idle", 100*hold.CPU/hold.Seconds)
	return nil
}

// measureAccept has clients come as fast as they are let in.
func measureAccept(ctx context.Context, t *trial) error {
	r, err := load.Accept(ctx, t.options(), load.AcceptPlan{Clients: t.scale.Accept, Members: members})
	if err != nil {
		return err
	}
	connect, _, err := t.phase(r.Result, "connect")
	if err != nil {
		return err
	}
	settle, _, err := t.phase(r.Result, "settle") // what is still told of the last
	if err != nil {
		return err
	}
	t.note("accept", connect.CPU+settle.CPU)
	return nil
}

// measureJoins has somebody come and go in channels of several sizes.
func measureJoins(ctx context.Context, t *trial) error {
	for i, c := range t.scale.Channels {
		o := t.options()
		o.Meter = t.clock
		r, err := load.Joins(ctx, o, load.JoinsPlan{Members: c.Members, Joins: c.Joins, Apart: true})
		if err != nil {
			return fmt.Errorf("channel of %d: %w", c.Members, err)
		}
		t.note(told(c.Members), r.PerJoin)
		t.note(last(c.Members), r.JoinLast.P50)
		t.note(last(c.Members)+".p99", r.JoinLast.P99)
		if i == 0 {
			t.note("leave", r.LeaveLast.P50)
			t.note("leave.p99", r.LeaveLast.P99)
		}
	}
	return nil
}

// measureMass has all join one channel at once. Memory is at its most somewhere in between.
func measureMass(ctx context.Context, t *trial) error {
	r, err := load.Mass(ctx, t.options(), load.MassPlan{Members: t.scale.Mass})
	if err != nil {
		return err
	}
	mass, most, err := t.phase(r.Result, "mass")
	if err != nil {
		return err
	}
	t.note("mass.time", r.Millis/1e3)
	t.note("mass.cpu", mass.CPU)
	t.note("mass.memory", float64(most)/1e6)
	return nil
}

// measureSilent has clients fall silent with their sockets open, all over an interval in which
// Rollcall pings them.
func measureSilent(ctx context.Context, t *trial) error {
	r, err := load.Silent(ctx, t.options(), load.SilentPlan{Clients: 4 * t.scale.Silent, Members: 4, Silent: t.scale.Silent,
		Spread: 10 * time.Second, Longest: 3 * time.Minute})
	if err != nil {
		return err
	}
	t.note("silent", r.AfterFall.Max/1e3)
	return nil
}
