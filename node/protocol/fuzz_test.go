package protocol

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"
)

// FuzzDecode: nothing makes the decoder panic; what it accepts, encoding/json accepts too,
// and it is the same request after it was written and read again.
func FuzzDecode(f *testing.F) {
	for _, tt := range decodeTests {
		f.Add([]byte(tt.line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) > 16<<10 {
			return // larger than any frame
		}
		r, failed := Decoder{}.Decode(line)
		if failed != nil {
			if failed.ID < 0 || failed.ID > MaxID || failed.Code == "" || !json.Valid(AppendError(nil, failed)) {
				t.Fatalf("Decode(%q) fails with %+v", line, failed)
			}
			return
		}
		if !json.Valid(line) {
			t.Fatalf("accepted what is no JSON: %q", line)
		}
		again := AppendRequest(nil, r)
		if bytes.IndexByte(again, '\n') >= 0 || !json.Valid(again) || !utf8.Valid(again) {
			t.Fatalf("%q is written as %q", line, again)
		}
		r2, failed := Decoder{}.Decode(again)
		if failed != nil || !reflect.DeepEqual(r, r2) {
			t.Fatalf("%q is %#v, written as %q and read as %#v, %v", line, r, again, r2, failed)
		}
	})
}

// FuzzLines: a frame loses no line, and no line holds a break.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"type\":\"pong\"}\n{\"type\":\"bye\"}"))
	f.Add([]byte("\n\n \n"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var got [][]byte
		for line := range Lines(frame) {
			got = append(got, line)
		}
		var want [][]byte
		for _, line := range bytes.Split(frame, []byte{'\n'}) {
			if len(bytes.TrimSpace(line)) > 0 {
				want = append(want, line)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("frame %q is %q, want %q", frame, got, want)
		}
	})
}

// FuzzCompact: what is accepted means the same, in one line, and is compact.
func FuzzCompact(f *testing.F) {
	f.Add([]byte(`{"a": [1, 2.5e3, {"b": "\ud83d\ude00"}], "c": null}`))
	f.Add([]byte("{\n\"a b\" : \"c  d\"\t}\r\n"))
	f.Fuzz(func(t *testing.T, object []byte) {
		got, err := Compact(object)
		if err != nil {
			return
		}
		var want bytes.Buffer
		if err := json.Compact(&want, object); err != nil || got != want.String() {
			t.Fatalf("Compact(%q) = %q, encoding/json has %q, %v", object, got, want.String(), err)
		}
		if again, err := Compact([]byte(got)); err != nil || again != got {
			t.Fatalf("Compact(%q) = %q, %v the second time", got, again, err)
		}
	})
}

// FuzzMessage: whatever the strings, a message is one line of valid JSON that
// says them; and reading what others send never panics.
func FuzzMessage(f *testing.F) {
	f.Add("room.1", "alice", "in a \"meeting\"\n", int64(1))
	f.Add("\u2028", "\xff", "\x00", int64(-1))
	f.Fuzz(func(t *testing.T, channel, user, text string, n int64) {
		u := User{User: user, Status: Busy, Since: n, Text: text}
		d := Diff{Channel: channel, Version: uint64(n), Join: []Member{{User: user, Since: n}}, Leave: []Leaver{{user, text}}}
		diff, _ := d.AppendPart(nil)
		for _, raw := range [][]byte{diff, AppendUser(nil, &u), AppendError(nil, &Error{n, Internal, text})} {
			m, err := ReadMessage(raw)
			if err != nil || !utf8.Valid(raw) || bytes.ContainsAny(raw, "\n\u2028\u2029") {
				t.Fatalf("%q: %v", raw, err)
			}
			if m.Type == "diff" && utf8.ValidString(user) && m.Join[0].User != user {
				t.Fatalf("%q says %q, want %q", raw, m.Join[0].User, user)
			}
		}
		if m, err := ReadMessage([]byte(text)); err == nil {
			_ = m.UserName()
			_, _ = m.UserStatus()
		}
	})
}
