package channels

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var (
	testUsers    = []string{"", "alice", "bob", "carol"}
	testChannels = []string{"room.1", "room.2", "room.3"}
)

// play is one random run of a view beside its model.
type play struct {
	t      *testing.T
	rng    *rand.Rand
	now    Now
	v      *View
	m      *model
	peers  []*peer
	own    []uint64
	trace  []string
	wrote  []Change
	last   func()                       // the last answer applied, to apply again
	state  map[string]map[string]Member // rosters, by replaying events
	told   map[string]map[string]Member // rosters, by applying flushed diffs
	vers   map[string]uint64
	people map[string]Status   // statuses, by replaying events
	heard  map[string]UserInfo // followed users, by what changed
	conns  map[string]bool     // sessions, by replaying events
}

// peer is the table of another node.
type peer struct {
	id       NodeID
	number   uint64
	nextID   uint64
	sessions map[uint64]Session
	holds    map[uint64]Membership
}

func newPlay(t *testing.T, seed uint64) *play {
	cfg := Config{Self: self, Grace: testGrace, Timeout: testTimeout}
	p := &play{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: at(0), v: New(cfg), m: newModel(cfg),
		state: map[string]map[string]Member{}, told: map[string]map[string]Member{}, vers: map[string]uint64{},
		people: map[string]Status{}, heard: map[string]UserInfo{}, conns: map[string]bool{},
	}
	for _, id := range []NodeID{nodeB, nodeC, nodeD} {
		p.peers = append(p.peers, newPeer(id))
	}
	for _, c := range testChannels {
		p.v.Follow(c)
		p.vers[c] = p.v.Version(c)
		p.state[c], p.told[c] = map[string]Member{}, map[string]Member{}
	}
	for _, name := range testUsers[1:] {
		p.v.FollowUser(name)
		p.heard[name] = p.v.User(name)
	}
	if p.rng.IntN(4) > 0 {
		p.learned()
	}
	return p
}

func newPeer(id NodeID) *peer {
	return &peer{id: id, sessions: map[uint64]Session{}, holds: map[uint64]Membership{}}
}

func (p *play) learned() {
	p.v.Learned()
	p.m.learning = false
}

func pick[T any](rng *rand.Rand, all []T) T { return all[rng.IntN(len(all))] }

// pickKey picks a key of a map in a way that depends on the seed alone.
func pickKey[V any](rng *rand.Rand, all map[uint64]V) uint64 {
	return pick(rng, slices.Sorted(maps.Keys(all)))
}

func (p *play) choice() *Choice {
	if p.rng.IntN(3) > 0 {
		return nil
	}
	return &Choice{
		Status: Status(1 + p.rng.IntN(4)), Text: pick(p.rng, []string{"", "lunch"}),
		Stamp: uint64(p.rng.IntN(6)), By: pick(p.rng, p.peers).id, Asserted: p.rng.IntN(3) == 0,
	}
}

// answer changes a peer's table at random and returns the net changes.
func (p *play) answer(pe *peer) []Change {
	net := map[uint64]Change{}
	for range p.rng.IntN(6) {
		pe.number++
		switch r := p.rng.IntN(10); {
		case r < 3 || len(pe.sessions) == 0:
			pe.nextID++
			s := Session{
				ID: pe.nextID, User: pick(p.rng, testUsers), State: State(1 + p.rng.IntN(3)),
				Active: 1000 * p.rng.Int64N(100), Choice: p.choice(), Profile: pick(p.rng, []string{"", `{"n":1}`, `{"n":2}`}),
			}
			pe.sessions[s.ID] = s
			net[s.ID] = Change{Session: &s}
		case r < 4:
			s := pe.sessions[pickKey(p.rng, pe.sessions)]
			s.State, s.Active = State(1+p.rng.IntN(3)), s.Active+3000*p.rng.Int64N(3)+p.rng.Int64N(900)
			if c := p.choice(); c != nil {
				s.Choice = c
			}
			pe.sessions[s.ID] = s
			net[s.ID] = Change{Session: &s}
		case r < 7:
			p.putHold(pe, net)
		case r < 9 && len(pe.holds) > 0:
			p.endHold(pe, net, pickKey(p.rng, pe.holds))
		default:
			id := pickKey(p.rng, pe.sessions)
			for _, h := range slices.Sorted(maps.Keys(pe.holds)) {
				if pe.holds[h].Session == id {
					if p.rng.IntN(8) == 0 { // a peer may leave them standing
						delete(pe.holds, h)
						delete(net, h)
						continue
					}
					p.endHold(pe, net, h)
				}
			}
			s := pe.sessions[id]
			delete(pe.sessions, id)
			net[id] = Change{Session: &s, End: p.end()}
		}
	}
	var changes []Change
	for _, id := range slices.Sorted(maps.Keys(net)) {
		changes = append(changes, net[id])
	}
	p.rng.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
	return changes
}

func (p *play) putHold(pe *peer, net map[uint64]Change) {
	s := pickKey(p.rng, pe.sessions)
	channel := pick(p.rng, testChannels)
	h := Membership{Session: s, Channel: channel, Since: 5000 * p.rng.Int64N(5)}
	for _, old := range slices.Sorted(maps.Keys(pe.holds)) {
		if pe.holds[old].Session == s && pe.holds[old].Channel == channel {
			h = pe.holds[old]
			h.Since += p.rng.Int64N(600) // travelled again
		}
	}
	if h.ID == 0 {
		pe.nextID++
		h.ID = pe.nextID
	}
	h.Data, h.Stamp = pick(p.rng, []string{"", `{"a":1}`, `{"b":2}`}), uint64(p.rng.IntN(5))
	pe.holds[h.ID] = h
	net[h.ID] = Change{Membership: &h}
}

func (p *play) endHold(pe *peer, net map[uint64]Change, id uint64) {
	h := pe.holds[id]
	delete(pe.holds, id)
	net[id] = Change{Membership: &h, End: p.end()}
}

func (p *play) end() *End {
	e := &End{Reason: Reason(1 + p.rng.IntN(6))}
	for p.rng.IntN(2) == 0 && len(e.Elsewhere) < MaxPlaces {
		pe := pick(p.rng, p.peers)
		e.Elsewhere = append(e.Elsewhere, Place{pe.id, pe.number + uint64(p.rng.IntN(4))})
	}
	return e
}

// copied returns records of their own, as the wire makes them.
func copied(changes []Change) []Change {
	all := slices.Clone(changes)
	for i, c := range all {
		if c.Session != nil {
			s := *c.Session
			all[i].Session = &s
		} else {
			m := *c.Membership
			all[i].Membership = &m
		}
	}
	return all
}

func (p *play) did(format string, args ...any) {
	p.trace = append(p.trace, fmt.Sprintf("%v: ", p.now.Run)+fmt.Sprintf(format, args...))
}

// writes takes what the view wrote, and keeps it for a comparison.
func (p *play) writes() []Change {
	p.wrote = append(p.wrote, p.v.Writes()...)
	return p.wrote[len(p.wrote)-len(p.v.taken):]
}

// ownStep takes what the view wrote in a step of this node's own.
func (p *play) ownStep() {
	p.m.ownWrites(p.now, p.writes())
	p.m.derive(p.now)
}

// peerStep takes the choices that the view copied into its own sessions: the
// model has them already, and must not change by them.
func (p *play) peerStep() { p.ownStep() }

func (p *play) step() {
	p.last = nil
	clear(p.m.reasons)
	p.now.Run += time.Duration(p.rng.IntN(700)) * time.Millisecond
	p.now.Wall = 1e6 + p.now.Run.Milliseconds()
	if due, any := p.v.Next(); any && due <= p.now.Run {
		p.tick()
		return
	}
	switch r := p.rng.IntN(20); {
	case r < 9:
		pe := pick(p.rng, p.peers)
		changes, number := p.answer(pe), pe.number
		p.did("apply %v up to %d: %s", pe.id[0], number, list(changes))
		p.last = func() { p.v.Apply(p.now, pe.id, copied(changes), number) }
		p.last()
		p.m.apply(p.now, pe.id, copied(changes), number)
		p.peerStep()
	case r < 15:
		p.ownAct()
		p.ownStep()
	case r < 18:
		p.tick()
	case r < 19 && p.rng.IntN(3) == 0:
		i := p.rng.IntN(len(p.peers))
		id := p.peers[i].id
		p.did("lost %v", id[0])
		p.last = func() { p.v.Lost(p.now, id, 1) }
		p.last()
		p.m.lost(p.now, id)
		lost := p.peers[i]
		p.peers[i] = newPeer(id)
		p.peers[i].nextID = lost.nextID
		p.peerStep()
	case r == 19 && p.rng.IntN(6) == 0:
		i := p.rng.IntN(len(p.peers))
		id, age := p.peers[i].id, time.Duration(p.rng.IntN(4000))*time.Millisecond
		p.did("left %v %v ago", id[0], age)
		p.last = func() { p.v.Left(p.now, id, age) }
		p.last()
		p.m.leave(p.now, id, age)
		p.peerStep()
	case p.m.learning && p.rng.IntN(4) == 0:
		p.did("learned")
		p.learned()
	}
}

func (p *play) tick() {
	p.did("tick")
	p.last = func() { p.v.Tick(p.now) }
	p.last()
	p.m.tick(p.now, p.writes())
}

func (p *play) ownAct() {
	if len(p.own) == 0 || p.rng.IntN(4) == 0 {
		o := Opening{
			User: pick(p.rng, testUsers), State: State(1 + p.rng.IntN(2)), Active: 1000 * p.rng.Int64N(100),
			Status: Status(p.rng.IntN(5)), Profile: pick(p.rng, []string{"", `{"n":3}`}),
		}
		p.own = append(p.own, p.v.Open(p.now, o))
		p.did("open %+v", o)
		return
	}
	s, c := pick(p.rng, p.own), pick(p.rng, testChannels)
	act := p.rng.IntN(14)
	p.did("own act %d on session %d, %s", act, s, c)
	switch act {
	case 0, 1, 2, 3:
		p.v.Join(p.now, s, c, pick(p.rng, []string{"", `{"x":1}`}))
	case 4:
		p.v.Update(p.now, s, c, pick(p.rng, []string{"", `{"y":1}`}))
	case 5:
		p.v.Leave(p.now, s, c, ReasonLeft)
	case 6:
		p.v.SetState(p.now, s, State(1+p.rng.IntN(2)), 1000*p.rng.Int64N(200))
	case 7:
		p.v.Choose(p.now, s, Status(1+p.rng.IntN(4)), pick(p.rng, []string{"", "tea"}))
	case 8:
		p.v.Break(p.now, s)
	case 9:
		p.v.Close(p.now, s, Reason(1+p.rng.IntN(6)))
	case 10:
		if id := p.v.SetUser(p.now, s, Opening{User: pick(p.rng, testUsers)}); id != 0 {
			p.own = append(p.own, id)
		}
	case 11:
		p.v.SetProfile(p.now, s, `{"n":4}`)
	case 12:
		p.v.Doubt(p.now)
	case 13:
		p.v.Confirm(p.now, s)
	}
}

func list(changes []Change) (s string) {
	for _, c := range changes {
		switch {
		case c.Session != nil:
			rec := *c.Session
			choice := ""
			if rec.Choice != nil {
				choice = fmt.Sprintf(" choice %+v", *rec.Choice)
				rec.Choice = nil
			}
			s += fmt.Sprintf("\n    session %+v%s", rec, choice)
		default:
			s += fmt.Sprintf("\n    membership %+v", *c.Membership)
		}
		if c.End != nil {
			s += fmt.Sprintf(" END %+v", *c.End)
		}
	}
	return s
}
