package protocol

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	token := strings.Repeat("x", 400)
	for _, bb := range []struct{ name, line string }{
		{"hello", `{"type":"hello","id":1,"token":"` + token + `","resume":"0123456789abcdef","state":"online","idle":0}`},
		{"join", `{"type":"join","id":2,"channel":"room.1","data":{"name":"Alice","typing":false}}`},
		{"watch", `{"type":"watch","channel":"room.1","mode":"count"}`},
		{"leave", `{"type":"leave","channel":"room.1"}`},
		{"update", `{"type":"update","channel":"room.1","data":{"name":"Alice","typing":true}}`},
		{"sync", `{"type":"sync","channel":"room.1"}`},
		{"state", `{"type":"state","state":"away","idle":60000}`},
		{"status", `{"type":"status","status":"busy","text":"in a meeting"}`},
		{"follow", `{"type":"follow","users":["alice","bob","carol","dave","eve","frank","grace","heidi","ivan","judy"]}`},
		{"token", `{"type":"token","id":3,"token":"` + token + `"}`},
		{"logout", `{"type":"logout","id":4}`},
		{"time", `{"type":"time","id":5}`},
		{"pong", `{"type":"pong"}`},
		{"bye", `{"type":"bye"}`},
		{"broken", `{"type":"pong"`},
	} {
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

func BenchmarkAppend(b *testing.B) {
	buf := make([]byte, 0, 1<<17)
	run := func(name string, encode func(dst []byte) []byte) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = encode(buf[:0])
			}
			b.SetBytes(int64(len(buf)))
		})
	}
	one := []Member{{User: "user-12345", Since: 1760000000000, Data: `{"name":"Alice"}`}}
	run("diff", func(dst []byte) []byte {
		d := Diff{Channel: "room.1", Version: 12345, Count: 100, Join: one}
		dst, _ = d.AppendPart(dst)
		return dst
	})
	for _, n := range []int{10, 500} {
		list := members(n, 20)
		run(fmt.Sprintf("roster of %d", n), func(dst []byte) []byte {
			r := Roster{Channel: "room.1", Version: 12345, Count: n, Members: list}
			dst, _ = r.AppendPart(dst)
			return dst
		})
	}
	run("welcome", func(dst []byte) []byte {
		return AppendWelcome(dst, &Welcome{1, "0123456789abcdef", "alice", "node-1", 1760000000000, 10000, 13000, 1760003600000, Online})
	})
	run("ok", func(dst []byte) []byte { return AppendOK(dst, 12) })
	run("ping", func(dst []byte) []byte { return AppendPing(dst, 1760000000000) })
	run("user", func(dst []byte) []byte {
		return AppendUser(dst, &User{User: "alice", Status: Busy, Since: 1760000000000})
	})
	run("error", func(dst []byte) []byte { return AppendError(dst, &Error{3, Forbidden, "channel is not yours"}) })
}
