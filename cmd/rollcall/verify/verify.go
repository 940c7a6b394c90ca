package verify

import (
	"context"
	"time"

	"github.com/rollcall-presence/rollcall/cmd/rollcall/admin"
)

// Options say how long to look.
type Options struct {
	For   time.Duration // how long a difference has to last; 0: the longest grace of the nodes and two seconds
	Pause time.Duration // between two rounds
}

// Report is what came of it.
type Report struct {
	Nodes   []Node    `json:"nodes"` // that were asked in the last round
	Unasked []Unasked `json:"unasked"`

	Sessions int   `json:"sessions"` // with a socket
	InGrace  int   `json:"inGrace"`  // without one, as it should be
	Members  int   `json:"members"`  // pairs of user and channel that sockets hold
	Rounds   int   `json:"rounds"`
	Took     int64 `json:"took"` // milliseconds

	Differences []Difference `json:"differences"` // that were there in every round

	names map[string]string
}

// Run asks nodes until none differ and all were asked, or for so long. It returns what has lasted
// to the end, and the error of ctx if that ended before.
func Run(ctx context.Context, o Options, given []*admin.Client) (Report, error) {
	began := time.Now()
	var lasting map[Difference]bool
	r := Report{}
	for {
		p := gather(ctx, given)
		found := p.round(ctx, &r)
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		lasting = Lasting(lasting, found)
		r.Rounds++
		r.Nodes, r.Unasked, r.names = p.nodes, p.unasked, p.names
		took := time.Since(began)
		r.Took, r.Differences = took.Milliseconds(), Sorted(lasting)
		if o.For == 0 {
			o.For = time.Duration(p.grace)*time.Millisecond + 2*time.Second
		}
		if len(lasting)+len(r.Unasked) == 0 || took >= o.For && r.Rounds > 1 {
			return r, nil
		}
		select {
		case <-time.After(o.Pause):
		case <-ctx.Done():
			return r, ctx.Err()
		}
	}
}

// round compares what each node shows with what all hold, before and after. Who fails meanwhile
// was not asked.
func (p *party) round(ctx context.Context, r *Report) map[Difference]bool {
	before := p.truth(ctx)
	all := make([]*Compared, 0, len(p.nodes))
	p.each(func(n Node) error {
		c := Compare(before, n.ID, p.known)
		if err := n.client.Shows(ctx, c.Take); err != nil {
			return err
		}
		c.End()
		all = append(all, c)
		return nil
	})
	after := p.truth(ctx)
	r.Sessions, r.InGrace, r.Members = after.Sessions, after.InGrace, after.Members()
	found := map[Difference]bool{}
	for _, c := range all {
		for d := range c.Confirm(after) {
			found[d] = true
		}
	}
	return found
}

// truth asks all nodes what they hold.
func (p *party) truth(ctx context.Context) *Truth {
	t := NewTruth()
	p.each(func(n Node) error {
		id, err := n.client.Held(ctx, t.Add)
		if err == nil {
			t.Asked(id)
		}
		return err
	})
	return t
}

// each asks every node, and puts those that fail among the unasked.
func (p *party) each(ask func(Node) error) {
	left := p.nodes[:0:0]
	for _, n := range p.nodes {
		if err := ask(n); err != nil {
			p.unasked = append(p.unasked, Unasked{n.ID, n.Name, err.Error()})
			continue
		}
		left = append(left, n)
	}
	p.nodes = left
}
