package compare

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/load"
	"github.com/rollcall-presence/rollcall/scripts/bench.d/process"
)

// Plan is what to compare.
type Plan struct {
	Systems []System
	Parts   []string // of [Parts]
	Rounds  int
	Scale   Scale
	Peers   string       // the folder of the peers' programs
	Say     func(string) // is told what is done
}

// Run carries a plan out. A system that fails in one part is measured in the others all the
// same; only the end of ctx, or a system that cannot even be started, ends it.
func Run(ctx context.Context, p Plan) (*Results, error) {
	r := &Results{Rounds: p.Rounds, Scale: p.Scale, Parts: p.Parts}
	for _, s := range p.Systems {
		versions, err := p.versions(s)
		if err != nil {
			return nil, err
		}
		r.Systems = append(r.Systems, Measured{Name: s.Name, Title: s.Title, Role: s.Role, Versions: versions,
			Samples: map[string][]float64{}, Failed: map[string]string{}})
	}
	for round := range p.Rounds {
		for _, part := range p.Parts {
			for i, s := range p.Systems {
				if !s.has(part) || part == "silent" && round > 0 { // that takes minutes, and has many samples
					continue
				}
				p.Say(fmt.Sprintf("round %d of %d, %s, %s …", round+1, p.Rounds, part, s.Name))
				if err := p.trial(ctx, part, s, &r.Systems[i]); err != nil {
					return nil, fmt.Errorf("%s, %s: %w", s.Name, part, err)
				}
			}
		}
	}
	return r, nil
}

// startTime is how long a system may take to be up.
const startTime = time.Minute

// trial measures one part of one system once.
func (p Plan) trial(ctx context.Context, part string, s System, to *Measured) error {
	if to.Failed[part] != "" {
		return nil // it would only fail again, and that takes long
	}
	starting, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	up, err := s.start(starting, newLaunch(p.Peers))
	if err != nil {
		return err
	}
	defer up.stop()
	group, err := process.NewGroup(up.processes...)
	if err != nil {
		return err
	}
	t := &trial{scale: p.Scale, system: s, up: up, group: group, to: to}
	err = measures[part](ctx, t)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		to.Failed[part], _, _ = strings.Cut(err.Error(), "\n") // the rest is examples
	}
	return nil
}

// trial is one system while it is measured.
type trial struct {
	scale  Scale
	system System
	up     *running
	group  process.Group // what counts
	to     *Measured
	loads  int             // scenarios so far
	used   []process.Usage // in the last scenario, before and after each phase
}

func (t *trial) note(key string, value float64) {
	t.to.Samples[key] = append(t.to.Samples[key], value)
}

// options are for a scenario of the load.
func (t *trial) options() load.Options {
	t.loads++
	t.used = nil
	return load.Options{
		Dialect: t.up.dialect, URLs: []string{t.up.url}, Run: fmt.Sprintf("b%d", t.loads),
		Patience: patience, Loose: t.system.Role == Peer, Meter: t.meter,
	}
}

// patience bounds each wait for a system.
const patience = time.Minute

// meter reads what the system has used, for the load.
func (t *trial) meter(context.Context) (load.Usage, error) {
	u, err := t.group.Used()
	if err != nil {
		return load.Usage{}, err
	}
	t.used = append(t.used, u)
	return load.Usage{CPU: u.CPU, Resident: u.Resident}, t.group.ResetPeak()
}

// clock reads processor time alone, where it is read all the time.
func (t *trial) clock(context.Context) (load.Usage, error) {
	cpu, err := t.group.CPU()
	return load.Usage{CPU: cpu}, err
}

// phase returns one part of what a scenario measured, and by how many bytes the memory grew
// meanwhile at its most.
func (t *trial) phase(r load.Result, name string) (p load.Phase, most int64, err error) {
	i := slices.IndexFunc(r.Phases, func(p load.Phase) bool { return p.Name == name })
	if i < 0 || len(t.used) < 2*i+2 {
		return p, 0, fmt.Errorf("the load has no phase %q", name)
	}
	return r.Phases[i], t.used[2*i+1].Sub(t.used[2*i]).Peak, nil
}
