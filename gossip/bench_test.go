package gossip

import (
	"fmt"
	"testing"

	"github.com/rollcall-presence/rollcall/channels"
)

// filled returns a table of n sessions, each in one of n/10 channels, and so of 2n entries.
func filled(n int) *Table {
	t := &Table{newLedger(minGone)}
	for i := range uint64(n) {
		t.put(0, benchSession(2*i+1))
		t.put(0, benchMembership(2*i+2, int(i)%max(1, n/10)))
	}
	return t
}

func benchSession(id uint64) channels.Change {
	return channels.Change{Session: &channels.Session{ID: id, User: fmt.Sprintf("user-%d", id), State: channels.Online}}
}

func benchMembership(id uint64, room int) channels.Change {
	return channels.Change{Membership: &channels.Membership{ID: id, Session: id - 1, Channel: fmt.Sprintf("room.%d", room)}}
}

// perEntry reports time by entry beside that by operation.
func perEntry(b *testing.B, entries int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entries), "ns/entry")
}

// read takes the whole of a table into c, part by part.
func read(b *testing.B, c *Copy, t *Table) (changes []channels.Change) {
	b.Helper()
	cur := &cursor{at: c.after(), fresh: true}
	for {
		got, tip, err := c.take(channels.Now{}, cur.advance(t.led, answerItems))
		if err != nil {
			b.Fatal(err)
		}
		if tip {
			return got
		}
	}
}

// BenchmarkApplyTable takes a whole table into an empty copy, as a node does that
// joins the cluster.
func BenchmarkApplyTable(b *testing.B) {
	for _, n := range []int{1000, 50_000} {
		b.Run(fmt.Sprint(2*n), func(b *testing.B) {
			t := filled(n)
			b.ReportAllocs()
			for b.Loop() {
				c := newCopy(minGone)
				if got := len(read(b, &c, t)); got != 2*n {
					b.Fatalf("%d changes, want %d", got, 2*n)
				}
			}
			perEntry(b, 2*n)
		})
	}
}

// BenchmarkApplyJoin takes one membership at a time, put and ended in turns, into
// a copy of a large table: what a join costs a peer at rest, the view apart.
func BenchmarkApplyJoin(b *testing.B) {
	t := filled(50_000)
	c := newCopy(minGone)
	read(b, &c, t)
	b.ReportAllocs()
	for id := uint64(1 << 20); b.Loop(); id++ {
		ch := benchMembership(id&^1, 1)
		if id&1 == 1 {
			ch.End = &channels.End{Reason: channels.ReasonLeft}
		}
		t.put(0, ch)
		if got := len(read(b, &c, t)); got != 1 {
			b.Fatalf("%d changes, want 1", got)
		}
	}
}

// BenchmarkCursor walks a whole table, and one entry at the tip of it.
func BenchmarkCursor(b *testing.B) {
	const n = 50_000
	t := filled(n)
	b.Run("table", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cur := &cursor{fresh: true}
			for !cur.advance(t.led, answerItems).Final {
			}
		}
		perEntry(b, 2*n)
	})
	b.Run("tip", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cur := &cursor{at: t.Number() - 1}
			if a := cur.advance(t.led, answerItems); !a.Final || len(a.Items) != 1 {
				b.Fatalf("%d entries, final: %v, want the last one", len(a.Items), a.Final)
			}
		}
	})
}

// frameOf returns a frame with an answer of that many entries.
func frameOf(entries int) *Frame {
	t := filled(max(1, entries/2))
	return &Frame{
		Ping:   &Ping{Node: channels.NodeID{1}, Beat: 100, Number: t.Number(), Digest: t.Digest(), Interval: 10_000, Timeout: 13_000},
		Answer: (&cursor{at: t.Number() - uint64(entries), fresh: true}).advance(t.led, entries),
	}
}

// BenchmarkFrame encodes and decodes frames: of a join at rest, and of a part of a
// large table.
func BenchmarkFrame(b *testing.B) {
	for _, entries := range []int{1, 1000} {
		f := frameOf(entries)
		body, err := f.Append(nil, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("encode/%d", entries), func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, len(body))
			for b.Loop() {
				if _, err := f.Append(buf, 0); err != nil {
					b.Fatal(err)
				}
			}
			perEntry(b, entries)
			b.ReportMetric(float64(len(body))/float64(entries), "B-wire/entry")
		})
		b.Run(fmt.Sprintf("decode/%d", entries), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got, err := DecodeFrame(body, 0); err != nil || len(got.Answer.Items) != entries {
					b.Fatal(got, err)
				}
			}
			perEntry(b, entries)
		})
	}
}

// BenchmarkPing encodes and decodes a datagram of a cluster at rest, and one that a node
// sends that has not heard of ten others for too long: it asks for them and tells of as many.
func BenchmarkPing(b *testing.B) {
	for _, peers := range []int{0, 10} {
		p := &Ping{Node: channels.NodeID{1}, Beat: 1 << 20, Number: 1 << 20, Digest: 1 << 63, Interval: 10_000, Timeout: 13_000,
			Clock: 1 << 40, Yours: 1 << 40}
		for i := range peers {
			id := channels.NodeID{2, byte(i)}
			p.Asks = append(p.Asks, id)
			p.Hearsay = append(p.Hearsay, Hearsay{Node: id, Beat: 1 << 20, Age: 11_000, Number: 1 << 20, Digest: 1 << 63, Readable: true})
		}
		body := encodePing(p)
		b.Run(fmt.Sprintf("encode/%d", peers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				encodePing(p)
			}
			b.ReportMetric(float64(len(body)), "B-wire/ping")
		})
		b.Run(fmt.Sprintf("decode/%d", peers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodePing(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPut changes one entry in a table of so many, digest included: what a ping
// tells of the table is kept, never reckoned anew.
func BenchmarkPut(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		t := filled(n / 2)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				t.put(0, benchSession(2*uint64(i%(n/2))+1))
			}
		})
	}
}

// BenchmarkDigest reckons the digest of a table anew from its entries, which nobody does
// but tests: what it would cost if it were not kept.
func BenchmarkDigest(b *testing.B) {
	const n = 100_000
	t := filled(n / 2)
	b.ReportAllocs()
	for b.Loop() {
		sum := uint64(0)
		t.led.all(func(it *Item) { sum += mix(it.ID, it.Number) })
		if sum != t.Digest() {
			b.Fatal("the digest that is kept is another")
		}
	}
	perEntry(b, n)
}
