package load

import (
	"context"
	"errors"
	"time"
)

// IdlePlan is clients that are there and do nothing.
type IdlePlan struct {
	Clients int           // 1 to 1,000,000
	Members int           // of each channel
	Hold    time.Duration // how long they stay
}

// IdleResult is in its phases "connect" and "hold".
type IdleResult struct {
	Result
}

// Idle brings clients into channels and lets them be there for a while. It ends early if ctx
// does, with what there is.
func Idle(ctx context.Context, o Options, plan IdlePlan) (r IdleResult, err error) {
	if plan.Clients < 1 || plan.Clients > maxClients || plan.Members < 1 || plan.Hold < 0 {
		return r, errors.New("load: want at least one client and one member of a channel, and a time to hold them")
	}
	c, err := newCrowd(o)
	if err != nil {
		return r, err
	}
	defer c.end()
	c.addRooms(plan.Clients, plan.Members)
	err = c.phase(ctx, "connect", func() error {
		if err := c.enter(ctx, c.clients, true); err != nil {
			return err
		}
		return c.settle(ctx)
	})
	if err == nil {
		err = c.phase(ctx, "hold", func() error { return sleep(ctx, plan.Hold) })
	}
	c.compare()
	r.Result = c.result("idle")
	return r, errors.Join(err, r.Check.err())
}
