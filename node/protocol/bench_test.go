package protocol

import (
	"fmt"
	"strings"
	"testing"
)

// requests are one of each kind, as a chat page sends them, and two that are refused.
var requests = []struct{ name, line string }{
	{"hello", `{"type":"hello","id":1,"token":"` + benchToken + `","resume":"` + benchSession + `","state":"online","idle":0,"status":"busy","meta":{"app":"web","version":"4.1.7"}}`},
	{"join", `{"type":"join","id":2,"channel":"room.1","data":{"name":"Alice","typing":false}}`},
	{"watch", `{"type":"watch","id":3,"channel":"room.1","mode":"count"}`},
	{"leave", `{"type":"leave","id":4,"channel":"room.1"}`},
	{"update", `{"type":"update","channel":"room.1","data":{"name":"Alice","typing":true}}`},
	{"sync", `{"type":"sync","id":5,"channel":"room.1"}`},
	{"state", `{"type":"state","state":"away","idle":60000}`},
	{"status", `{"type":"status","id":6,"status":"busy","text":"in a meeting"}`},
	{"follow", `{"type":"follow","id":7,"users":["alice","bob","carol","dave","eve","frank","grace","heidi","ivan","judy"]}`},
	{"unfollow", `{"type":"unfollow","users":["alice","bob"]}`},
	{"token", `{"type":"token","id":8,"token":"` + benchToken + `"}`},
	{"logout", `{"type":"logout","id":9}`},
	{"time", `{"type":"time","id":10}`},
	{"pong", `{"type":"pong"}`},
	{"bye", `{"type":"bye"}`},
	{"unknown", `{"type":"subscribe","id":11,"channel":"room.1"}`},
	{"broken", `{"type":"pong"`},
}

const benchSession = "0123456789abcdef0123456789abcdef-4f"

// benchToken is as long as one with some claims, signed with HS256.
var benchToken = strings.Repeat("x", 400)

func BenchmarkDecode(b *testing.B) {
	for _, bb := range requests {
		line := []byte(bb.line)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				_, _ = Decoder{}.Decode(line)
			}
		})
	}
}

// messages are the short ones of each kind that a node sends, as they mostly are.
var messages = []struct {
	name   string
	append func(dst []byte) []byte
}{
	{"welcome", func(dst []byte) []byte {
		return AppendWelcome(dst, &Welcome{1, benchSession, "alice", "node-1", 1760000000000, 10000, 13000, 1760003600000, Online})
	}},
	{"diff join", func(dst []byte) []byte { return onePart(dst, Diff{Join: benchMember}) }},
	{"diff update", func(dst []byte) []byte { return onePart(dst, Diff{Update: benchMember}) }},
	{"diff leave", func(dst []byte) []byte { return onePart(dst, Diff{Leave: benchLeaver}) }},
	{"ended", func(dst []byte) []byte { return AppendEnded(dst, "room.1", Forbidden) }},
	{"count", func(dst []byte) []byte { return AppendCount(dst, "room.1", 12345, 100) }},
	{"users", func(dst []byte) []byte { return AppendUsers(dst, 7, benchUsers) }},
	{"user", func(dst []byte) []byte { return AppendUser(dst, &benchUsers[0]) }},
	{"unfollowed", func(dst []byte) []byte { return AppendUnfollowed(dst, benchNames, Forbidden) }},
	{"ok", func(dst []byte) []byte { return AppendOK(dst, 12) }},
	{"ok identity", func(dst []byte) []byte { return AppendIdentity(dst, 8, "alice", 1760003600000, benchSession) }},
	{"error", func(dst []byte) []byte { return AppendError(dst, &Error{3, Forbidden, "channel is not yours"}) }},
	{"time", func(dst []byte) []byte { return AppendTime(dst, 10, 1760000000000) }},
	{"ping", func(dst []byte) []byte { return AppendPing(dst, 1760000000000) }},
	{"expiring", func(dst []byte) []byte { return AppendExpiring(dst, 1760000000000) }},
	{"drain", func(dst []byte) []byte { return AppendDrain(dst, 1234) }},
	{"roster head", func(dst []byte) []byte { return AppendRosterID(dst, 77) }},
}

var (
	benchMember = []Member{{User: "user-12345", Since: 1760000000000, Data: `{"name":"Alice"}`}}
	benchLeaver = []Leaver{{User: "user-12345", Reason: "closed"}}
	benchNames  = []string{"alice", "bob"}
	benchUsers  = []User{{User: "alice", Status: Busy, Since: 1760000000000}, {User: "bob", Status: Offline, LastSeen: 1760000000000}}
)

// onePart appends a diff of one message.
func onePart(dst []byte, d Diff) []byte {
	d.Channel, d.Version, d.Count = "room.1", 12345, 100
	dst, _ = d.AppendPart(dst)
	return dst
}

func BenchmarkAppend(b *testing.B) {
	buf := make([]byte, 0, 1<<10)
	for _, bb := range messages {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = bb.append(buf[:0])
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

// BenchmarkAppendRoster encodes rosters, in all the messages that they take.
func BenchmarkAppendRoster(b *testing.B) {
	buf := make([]byte, 0, 1<<17)
	for _, n := range []int{10, 1000, 100_000} {
		list := members(n, 20)
		for i := range list {
			list[i].Since += 1760000000000
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			bytes := 0
			for b.Loop() {
				bytes = 0
				r := Roster{Channel: "room.1", Version: 12345, Count: n, Members: list}
				for more := true; more; {
					buf, more = r.AppendPart(buf[:0])
					bytes += len(buf)
				}
			}
			b.SetBytes(int64(bytes))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/member")
		})
	}
}

// BenchmarkAppendPart makes messages of their own memory, as a node does: a diff of one,
// and a roster in its parts.
func BenchmarkAppendPart(b *testing.B) {
	b.Run("diff", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			onePart(nil, Diff{Join: benchMember})
		}
	})
	for _, n := range []int{10, 1000} {
		list := members(n, 20)
		b.Run(fmt.Sprintf("roster of %d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := Roster{Channel: "room.1", Version: 12345, Count: n, Members: list}
				for more := true; more; {
					_, more = r.AppendPart(nil)
				}
			}
		})
	}
}

// A message costs its followers nothing but its bytes: whoever brings room for it gets
// it without garbage.
func TestMessagesAreAppendedWithoutGarbage(t *testing.T) {
	buf := make([]byte, 0, 1<<17)
	for _, m := range messages {
		if n := testing.AllocsPerRun(10, func() { buf = m.append(buf[:0]) }); n != 0 {
			t.Errorf("%s: %v allocations, want none", m.name, n)
		}
	}
	list := members(1000, 20)
	if n := testing.AllocsPerRun(10, func() {
		r := Roster{Channel: "room.1", Version: 12345, Count: len(list), Members: list}
		for more := true; more; {
			buf, more = r.AppendPart(buf[:0])
		}
	}); n != 0 {
		t.Errorf("roster of %d: %v allocations, want none", len(list), n)
	}
}

// A message that is made anew has room at once for all that goes into it.
func TestMessageDoesNotGrowBitByBit(t *testing.T) {
	list := members(MaxMembers, 20)
	for i := range list {
		list[i].Status, list[i].Profile, list[i].LastActivity = Away, `{"name":"Alice"}`, 1760000000000
	}
	for about, made := range map[string]func(){
		"roster": func() { (&Roster{Channel: "room.1", Count: len(list), Members: list}).AppendPart(nil) },
		"join":   func() { onePart(nil, Diff{Join: list[:100]}) },
		"update": func() { onePart(nil, Diff{Update: list[:100], Leave: benchLeaver}) },
		"leave":  func() { onePart(nil, Diff{Leave: benchLeaver}) },
	} {
		if n := testing.AllocsPerRun(10, made); n > 2 { // the race detector makes two of one
			t.Errorf("%s: %v allocations, want one", about, n)
		}
	}
}

// What idle clients send, interval after interval, makes no garbage.
func TestPongIsDecodedWithoutGarbage(t *testing.T) {
	line := []byte(`{"type":"pong"}`)
	if n := testing.AllocsPerRun(10, func() { _, _ = Decoder{}.Decode(line) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
