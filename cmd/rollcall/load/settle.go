package load

import (
	"context"
	"time"
)

// settle waits until every client sees exactly who is in its room, or patience is over, and then
// a while longer: what comes too much shall have come when all is compared.
func (c *crowd) settle(ctx context.Context) error {
	end := time.Now().Add(c.options.Patience)
	pause := time.Millisecond
	for i := 0; i < len(c.clients); {
		if c.clients[i].differs() == "" {
			i++
			continue
		}
		if time.Now().After(end) || c.givenUp() {
			break
		}
		if err := Sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, 50*time.Millisecond)
	}
	return Sleep(ctx, c.options.Settle)
}

// compare holds what every client sees against the truth.
func (c *crowd) compare() {
	for _, one := range c.clients {
		if one.where() == outside {
			continue
		}
		c.checks.roster()
		if text := one.differs(); text != "" {
			c.checks.add(&c.checks.wrong, "%s in %s: %s", one.name(), one.room.name, text)
		}
	}
}

// wait lets time go by.
func (c *crowd) wait(ctx context.Context, phase string, d time.Duration) error {
	begun := time.Now()
	seconds := func() int { return int(time.Since(begun) / time.Second) }
	defer c.watchProgress(phase+", seconds", int(d/time.Second), seconds)()
	return Sleep(ctx, d)
}

// sleepUntil returns at a time, as exactly as the system can.
func sleepUntil(ctx context.Context, at time.Time) error {
	const short = 5 * time.Millisecond // for which ctx need not be looked at
	for {
		left := time.Until(at)
		if left <= 0 {
			return context.Cause(ctx)
		}
		if left > short {
			if err := Sleep(ctx, left-short/2); err != nil {
				return err
			}
			continue
		}
		nap(left)
	}
}

func (c *crowd) givenUp() bool {
	select {
	case <-c.options.giveUp:
		return true
	default:
		return false
	}
}
