package channels

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

// crowd makes the table of one origin: sessions of as many users, each in three
// channels of about a hundred. Every record has strings of its own, as from the wire.
// Detailed, it knows from where each came, with one of a hundred browsers.
func crowd(users int, detailed bool) (sessions, memberships []Change) {
	rooms := max(1, users*3/100)
	id := uint64(0)
	for i := range users {
		id++
		s := id
		rec := &Session{ID: s, User: fmt.Sprint("user", i), State: Online}
		if detailed {
			address := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			rec.Details = NewDetails(address, fmt.Sprint("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/", i%100), "", int64(i))
		}
		sessions = append(sessions, Change{Session: rec})
		for j := range 3 {
			id++
			memberships = append(memberships, Change{Membership: &Membership{
				ID: id, Session: s, Channel: fmt.Sprint("room.", (i*3+j*7919)%rooms), Since: 1,
			}})
		}
	}
	return sessions, memberships
}

// heapBytes returns the bytes that live on the heap.
func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkHeap prints what a million sessions with three channels each cost,
// the records that gossip shares included.
func BenchmarkHeap(b *testing.B) {
	if testing.Short() {
		b.Skip("needs a gigabyte")
	}
	const users = 1_000_000
	for name, detailed := range map[string]bool{"plain": false, "details": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				before := heapBytes()
				v := New(Config{Self: NodeID{1}, Grace: time.Second, Timeout: time.Second})
				v.Record(0)
				v.Learned()
				sessions, memberships := crowd(users, detailed)
				v.Apply(Now{1, 1}, NodeID{2}, sessions, 1)
				clear(sessions)
				sessions = nil
				mid := heapBytes() - int64(len(memberships))*(24+64+16) // changes, records, channel names
				v.Apply(Now{1, 1}, NodeID{2}, memberships, 2)
				clear(memberships)
				memberships = nil
				after := heapBytes()
				b.ReportMetric(float64(mid-before)/users, "B/session")
				b.ReportMetric(float64(after-mid)/(3*users), "B/membership")
				b.ReportMetric(float64(after-before)/(1<<20), "MiB")
				runtime.KeepAlive(v)
			}
		})
	}
}

// BenchmarkApply prints what one remote membership costs, joined and ended,
// applied a thousand at a time into channels of a hundred.
func BenchmarkApply(b *testing.B) {
	const users = 10_000
	v := New(Config{Self: NodeID{1}, Grace: time.Second, Timeout: time.Second})
	v.Learned()
	v.Record(ChannelKinds)
	sessions, puts := crowd(users, true)
	v.Apply(Now{1, 1}, NodeID{2}, sessions, 1)
	ends := make([]Change, len(puts))
	for i, c := range puts {
		ends[i] = Change{Membership: c.Membership, End: &End{Reason: ReasonLeft}}
	}
	number, changes := uint64(2), 0
	b.ReportAllocs()
	for b.Loop() {
		for _, all := range [][]Change{puts, ends} {
			for i := 0; i+1000 <= len(all); i += 1000 {
				v.Apply(Now{1, 1}, NodeID{2}, all[i:i+1000], number)
				v.Events()
				number++
				changes += 1000
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(changes), "ns/change")
}

// BenchmarkSearch prints what one step of ten thousand costs of the search for a page of a
// thousand, in a channel of a hundred thousand.
func BenchmarkSearch(b *testing.B) {
	v := New(Config{Self: NodeID{1}, Grace: time.Second, Timeout: time.Second})
	v.Record(0)
	v.Learned()
	var sessions, memberships []Change
	for i, n := range rand.New(rand.NewPCG(1, 1)).Perm(100_000) {
		id := uint64(2*i + 1)
		sessions = append(sessions, Change{Session: &Session{ID: id, User: fmt.Sprint("user", n), State: Online}})
		memberships = append(memberships, Change{Membership: &Membership{ID: id + 1, Session: id, Channel: "hall"}})
	}
	v.Apply(Now{1, 1}, NodeID{2}, sessions, 1)
	v.Apply(Now{1, 1}, NodeID{2}, memberships, 2)
	s := Search{Channel: "hall", After: "user5", Most: 1000}
	for b.Loop() {
		if v.Search(&s, 10_000) {
			s = Search{Channel: "hall", After: "user5", Most: 1000}
		}
	}
}

// BenchmarkSnapshot prints what it costs to copy all that events tell of, while everything
// else waits: a hundred thousand sessions of as many users in three channels each.
func BenchmarkSnapshot(b *testing.B) {
	v := New(Config{Self: NodeID{1}, Grace: time.Second, Timeout: time.Second})
	v.Learned()
	sessions, memberships := crowd(100_000, true)
	v.Apply(Now{1, 1}, NodeID{2}, sessions, 1)
	v.Apply(Now{1, 1}, NodeID{2}, memberships, 2)
	b.ReportAllocs()
	for b.Loop() {
		v.Snapshot(AllKinds)
	}
}
