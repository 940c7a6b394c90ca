package core

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/gossip"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// duo is two cores of which the second reads the first. What it records is what a node
// does that nobody subscribed to.
type duo struct {
	b              *testing.B
	now            time.Time
	holder, reader *Core
	out, in        *gossip.Link // the stream's ends, at the holder and at the reader
	bodies         [][]byte     // frames under way to the reader
	bytes          int          // of all of them
}

func newDuo(b *testing.B) *duo {
	p := &duo{b: b, now: time.Unix(1_800_000_000, 0)}
	for i, c := range []**Core{&p.holder, &p.reader} {
		*c = New(Config{Self: channels.NodeID{byte(i + 1)}, Interval: interval, Timeout: timeout, Grace: grace,
			Rand: rand.New(rand.NewPCG(1, uint64(i)))}, p.now)
		(*c).View.Record(channels.SessionDisconnected)
	}
	p.reader.Gossip.Met(p.now, channels.NodeID{1}, gossip.Peer{Addr: "x"})
	p.reader.Settle(p.now)
	p.in, p.out = p.reader.Gossip.Opened(p.now, channels.NodeID{1}), p.holder.Gossip.Accepted(p.now)
	for _, c := range []*Core{p.holder, p.reader} {
		c.Gossip.SeedsTried(p.now)
		c.Settle(p.now)
	}
	p.carry(p.reader, p.in, p.holder, p.out)
	p.write()
	p.read()
	for _, c := range []*Core{p.holder, p.reader} {
		if c.Settle(p.now); !c.learned {
			b.Fatal("a core does not know the cluster")
		}
	}
	return p
}

// carry brings the frames from one end to the other.
func (p *duo) carry(from *Core, out *gossip.Link, to *Core, in *gossip.Link) {
	for f := from.Gossip.Next(p.now, out); f != nil; f = from.Gossip.Next(p.now, out) {
		body, err := f.Append(nil, p.now.UnixMilli())
		if err != nil {
			p.b.Fatal(err)
		}
		p.take(to, in, body)
	}
}

func (p *duo) take(to *Core, in *gossip.Link, body []byte) {
	f, err := gossip.DecodeFrame(body, p.now.UnixMilli())
	if err == nil {
		err = to.Gossip.Receive(p.now, in, f)
	}
	if err != nil {
		p.b.Fatal(err)
	}
}

// write makes frames of what the holder has changed.
func (p *duo) write() {
	p.holder.Settle(p.now)
	for f := p.holder.Gossip.Next(p.now, p.out); f != nil; f = p.holder.Gossip.Next(p.now, p.out) {
		body, err := f.Append(nil, p.now.UnixMilli())
		if err != nil {
			p.b.Fatal(err)
		}
		p.bodies = append(p.bodies, body)
		p.bytes += len(body)
	}
}

// read has the reader take what was written, each frame in a step of its own.
func (p *duo) read() {
	for _, body := range p.bodies {
		p.take(p.reader, p.in, body)
		p.reader.Settle(p.now)
		p.reader.View.Events()
	}
	clear(p.bodies)
	p.bodies = p.bodies[:0]
}

// crowd opens sessions on the holder, each of a user of its own with one membership, in
// channels of so many.
func (p *duo) crowd(sessions, perChannel int) (ids []uint64) {
	t := p.holder.Now(p.now)
	for i := range sessions {
		id := p.holder.View.Open(t, channels.Opening{User: fmt.Sprint("user-", i)})
		p.holder.View.Join(t, id, fmt.Sprint("room.", i/perChannel), "")
		ids = append(ids, id)
		if i%1000 == 999 {
			p.holder.Settle(p.now)
			p.holder.View.Events()
		}
	}
	p.holder.Settle(p.now)
	return ids
}

// BenchmarkApplyRemote prints what a change of a peer costs a node that holds a hundred
// thousand of its sessions: decoded, put into the copy, merged into the view and told to
// the followers of a channel of a hundred. So many joins come in one frame, and then as
// many leaves.
func BenchmarkApplyRemote(b *testing.B) {
	for _, most := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(most), func(b *testing.B) {
			p := newDuo(b)
			ids := p.crowd(100_000, 100)
			p.write()
			p.read()
			p.reader.View.Follow("room.x")
			p.bytes = 0
			changes, joins := 0, true
			const rounds = 32 // of which the frames are made while the clock stands
			for b.Loop() {
				b.StopTimer()
				for range rounds {
					t := p.holder.Now(p.now)
					for _, id := range ids[:most] {
						if joins {
							p.holder.View.Join(t, id, "room.x", `{"name":"Alice"}`)
						} else {
							p.holder.View.Leave(t, id, "room.x", channels.ReasonLeft)
						}
						changes++
					}
					joins = !joins
					p.write()
				}
				b.StartTimer()
				for _, body := range p.bodies {
					p.take(p.reader, p.in, body)
					p.reader.Settle(p.now)
					p.reader.View.Events()
					p.reader.View.Dirty()
					if _, changed := p.reader.View.Flush("room.x"); !changed {
						b.Fatal("there is nothing to tell the followers")
					}
				}
				p.bodies = p.bodies[:0]
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(changes), "ns/change")
			b.ReportMetric(float64(p.bytes)/float64(changes), "B-wire/change")
		})
	}
}

// BenchmarkOwnJoin prints what a join and the leave after it cost the node that holds the
// session, in a followed channel of so many, up to the text for its followers.
func BenchmarkOwnJoin(b *testing.B) {
	for _, members := range []int{10, 1000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			p := newDuo(b)
			ids := p.crowd(members, members)
			view, guest := p.holder.View, ids[0]
			view.Leave(p.holder.Now(p.now), guest, "room.0", channels.ReasonLeft)
			view.Follow("room.0")
			p.holder.Settle(p.now)
			view.Events()
			buf := make([]byte, 0, 1<<10)
			end := func() {
				p.holder.Settle(p.now)
				view.Events()
				for _, dirty := range view.Dirty() {
					buf = told(buf[:0], view, dirty.Channel)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				view.Join(p.holder.Now(p.now), guest, "room.0", `{"name":"Alice"}`)
				end()
				view.Leave(p.holder.Now(p.now), guest, "room.0", channels.ReasonLeft)
				end()
				if len(buf) == 0 {
					b.Fatal("there is nothing to tell the followers")
				}
			}
		})
	}
}

// told appends what followers of a channel are to be told now, as a node does.
func told(buf []byte, view *channels.View, channel string) []byte {
	diff, _ := view.Flush(channel)
	d := protocol.Diff{Channel: channel, Version: diff.Version, Count: diff.Count}
	for _, m := range diff.Join {
		d.Join = append(d.Join, asMember(m))
	}
	for _, l := range diff.Leave {
		d.Leave = append(d.Leave, protocol.Leaver{User: l.User, Reason: l.Reason.String()})
	}
	buf, _ = d.AppendPart(buf)
	return buf
}

// BenchmarkRoster prints what the roster of so many members costs: the copy of them, which
// is made under the node's lock, and the text with it.
func BenchmarkRoster(b *testing.B) {
	for _, members := range []int{10, 1000, 100_000} {
		p := newDuo(b)
		p.crowd(members, members)
		perMember := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/member")
		}
		b.Run(fmt.Sprintf("%d/copy", members), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := len(listed(p.holder.View, "room.0")); got != members {
					b.Fatalf("%d members, want %d", got, members)
				}
			}
			perMember(b)
		})
		b.Run(fmt.Sprintf("%d/copy and text", members), func(b *testing.B) {
			buf := make([]byte, 0, protocol.MaxMessage)
			b.ReportAllocs()
			for b.Loop() {
				r := protocol.Roster{Channel: "room.0", Version: 1, Count: members, Members: listed(p.holder.View, "room.0")}
				for more := true; more; {
					buf, more = r.AppendPart(buf[:0])
				}
			}
			perMember(b)
		})
	}
}

// listed returns the members of a channel as a node lists them.
func listed(view *channels.View, channel string) []protocol.Member {
	users, _ := view.Count(channel)
	members := make([]protocol.Member, 0, users)
	for m := range view.Members(channel) {
		members = append(members, asMember(m))
	}
	return members
}

func asMember(m channels.Member) protocol.Member {
	return protocol.Member{User: m.User, Since: m.Since, Status: m.Status.String(), Data: m.Data, Profile: m.Profile, LastActivity: m.LastActivity}
}

// BenchmarkTick prints what one tick costs a node at rest that holds so many sessions and
// reads as many of a peer: it must not walk them.
func BenchmarkTick(b *testing.B) {
	for _, sessions := range []int{0, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(sessions), func(b *testing.B) {
			p := newDuo(b)
			p.crowd(sessions/2, 50)
			p.write()
			p.read()
			runtime.GC()
			b.ReportAllocs()
			for b.Loop() {
				p.now = p.now.Add(tick)
				for _, c := range []*Core{p.holder, p.reader} {
					c.Gossip.Packet(p.now, p.holder.Gossip.Payload(p.now))
					c.Tick(p.now)
					c.Settle(p.now)
				}
			}
			if s := p.reader.Gossip.Stats(); s.Lost > 0 {
				b.Fatalf("not at rest: %+v", s)
			}
		})
	}
}

var heapSessions = flag.Int("heap.sessions", 1_000_000, "how many BenchmarkHeap holds on each side")

// BenchmarkHeap prints what a session, and a membership in a channel of a hundred, cost
// the node that holds them, and one that has them from there: view, table and records.
func BenchmarkHeap(b *testing.B) {
	if testing.Short() {
		b.Skip("needs two gigabytes")
	}
	for b.Loop() {
		p := newDuo(b)
		measure := func(what string, change func(t channels.Now, i int)) {
			before := heapBytes()
			for i := range *heapSessions {
				if change(p.holder.Now(p.now), i); i%1000 == 999 {
					p.holder.Settle(p.now)
					p.holder.View.Events()
				}
			}
			p.holder.Settle(p.now)
			own := heapBytes()
			for p.write(); len(p.bodies) > 0; p.write() {
				p.read()
			}
			b.ReportMetric(float64(own-before)/float64(*heapSessions), "B/own-"+what)
			b.ReportMetric(float64(heapBytes()-own)/float64(*heapSessions), "B/copied-"+what)
		}
		measure("session", func(t channels.Now, i int) {
			p.holder.View.Open(t, channels.Opening{User: fmt.Sprint("user-", i), Profile: fmt.Sprintf(`{"name":"User %d"}`, i)})
		})
		measure("membership", func(t channels.Now, i int) {
			p.holder.View.Join(t, uint64(i+1), fmt.Sprint("room.", i/100), "")
		})
		runtime.KeepAlive(p)
	}
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
