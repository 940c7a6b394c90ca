package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMessagesLeaveOutWhatIsDefault(t *testing.T) {
	alice := Member{User: "alice", Since: 5}
	bob := Member{User: "bob", Since: 6, Status: Away, Data: `{"a":1}`, Profile: `{"p":2}`, LastActivity: 4}
	for _, tt := range []struct {
		got  []byte
		want string
	}{
		{AppendWelcome(nil, &Welcome{1, "s", "alice", "n", 2, 10000, 13000, 3, Online}),
			`{"type":"welcome","id":1,"session":"s","user":"alice","node":"n","time":2,"interval":10000,"timeout":13000,"expires":3,"status":"online"}`},
		{AppendWelcome(nil, &Welcome{Session: "s", Node: "n", Time: 2, Interval: 1, Timeout: 2, Status: Online}),
			`{"type":"welcome","session":"s","user":null,"node":"n","time":2,"interval":1,"timeout":2,"expires":null,"status":"online"}`},
		{part((&Roster{Channel: "c", Version: 7, Count: 2, Members: []Member{alice, bob}}).AppendPart(nil)),
			`{"type":"roster","channel":"c","version":7,"count":2,"members":[{"user":"alice","since":5},{"user":"bob","since":6,"status":"away","data":{"a":1},"profile":{"p":2},"lastActivity":4}],"more":false}`},
		{part((&Roster{Channel: "c", Version: 0, Partial: true, Missing: true}).AppendPart(nil)),
			`{"type":"roster","channel":"c","version":0,"count":0,"members":[],"more":false,"partial":true,"complete":false}`},
		{part((&Roster{Channel: "c", Version: 1, Count: 9, Only: Count}).AppendPart(nil)),
			`{"type":"roster","channel":"c","version":1,"count":9,"more":false}`},
		{part((&Diff{Channel: "c", Version: 8, Count: 2, Join: []Member{alice}, Update: []Member{bob}, Leave: []Leaver{{"carol", "left"}}}).AppendPart(nil)),
			`{"type":"diff","channel":"c","version":8,"join":[{"user":"alice","since":5}],"update":[{"user":"bob","since":6,"status":"away","data":{"a":1},"profile":{"p":2},"lastActivity":4}],"leave":[{"user":"carol","reason":"left"}],"count":2}`},
		{part((&Diff{Channel: "c", Version: 9, Count: 1, Leave: []Leaver{{"bob", "timeout"}}}).AppendPart(nil)),
			`{"type":"diff","channel":"c","version":9,"leave":[{"user":"bob","reason":"timeout"}],"count":1}`},
		{AppendCount(nil, "c", 3, 4), `{"type":"count","channel":"c","version":3,"count":4}`},
		{AppendUsers(nil, 2, []User{{User: "a", Status: Offline, LastSeen: 9}, {User: "b", Status: Busy, Since: 1, LastActivity: 2, Text: "x"}}),
			`{"type":"users","id":2,"users":[{"user":"a","status":"offline","lastSeen":9},{"user":"b","status":"busy","since":1,"lastActivity":2,"text":"x"}]}`},
		{AppendUsers(nil, 0, nil), `{"type":"users","users":[]}`},
		{AppendUser(nil, &User{User: "a", Status: Online}), `{"type":"user","user":{"user":"a","status":"online"}}`},
		{AppendOK(nil, 5), `{"type":"ok","id":5}`},
		{AppendIdentity(nil, 5, "bob", 9, ""), `{"type":"ok","id":5,"user":"bob","expires":9}`},
		{AppendIdentity(nil, 5, "bob", 9, "4c1f-2"), `{"type":"ok","id":5,"user":"bob","expires":9,"session":"4c1f-2"}`},
		{AppendUnfollowed(nil, []string{"bob", `"`}, Forbidden), `{"type":"unfollowed","names":["bob","\""],"code":"forbidden"}`},
		{AppendIdentity(nil, 5, "", 0, ""), `{"type":"ok","id":5,"user":null,"expires":null}`},
		{AppendError(nil, &Error{5, Forbidden, "no"}), `{"type":"error","id":5,"code":"forbidden","message":"no"}`},
		{AppendError(nil, &Error{0, Draining, "no"}), `{"type":"error","code":"draining","message":"no"}`},
		{AppendEnded(nil, "c", Unauthorized), `{"type":"ended","channel":"c","code":"unauthorized"}`},
		{AppendTime(nil, 1, 2), `{"type":"time","id":1,"time":2}`},
		{AppendPing(nil, 2), `{"type":"ping","time":2}`},
		{AppendExpiring(nil, 2), `{"type":"expiring","expires":2}`},
		{AppendDrain(nil, 0), `{"type":"drain","delay":0}`},
	} {
		if string(tt.got) != tt.want {
			t.Errorf("got  %s\nwant %s", tt.got, tt.want)
		}
		if !json.Valid(tt.got) {
			t.Errorf("not JSON: %s", tt.got)
		}
	}
}

// part drops what AppendPart reports besides the message.
func part(message []byte, _ bool) []byte { return message }

func TestAppendKeepsWhatIsThere(t *testing.T) {
	r := Roster{Channel: "c"}
	got, _ := r.AppendPart([]byte("before "))
	if want := `before {"type":"roster","channel":"c","version":0,"count":0,"members":[],"more":false}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRosterOfOneIsAnsweredToManyWithoutEncodingItAgain(t *testing.T) {
	r := Roster{Channel: "c", Version: 2, Count: 1, Members: []Member{{User: "a", Since: 1}}}
	shared, _ := r.AppendPart(nil)
	got := append(AppendRosterID(nil, 77), RosterTail(shared)...)
	want := `{"type":"roster","id":77,"channel":"c","version":2,"count":1,"members":[{"user":"a","since":1}],"more":false}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStringsSurviveAsJSON(t *testing.T) {
	for _, s := range []string{"", "a", `"\/`, "\x00\x1f\x7f", "a\nb\tc\r", "\u2028é\u2029", "😀", "</script>", "__proto__", strings.Repeat("é\"", 300)} {
		raw := appendString(nil, s)
		var got string
		if err := json.Unmarshal(raw, &got); err != nil || got != s {
			t.Errorf("%q is written as %s and read as %q, %v", s, raw, got, err)
		}
		if bytes.ContainsAny(raw, "\n\u2028\u2029") {
			t.Errorf("%q is written with a line break: %s", s, raw)
		}
	}
	if got := string(appendString(nil, "a\xffb")); got != `"a\ufffdb"` {
		t.Errorf("invalid UTF-8 is written as %s", got)
	}
}

// members returns n members that carry that many bytes of data.
func members(n, data int) []Member {
	list := make([]Member, n)
	for i := range list {
		list[i] = Member{User: fmt.Sprintf("user-%d", i), Since: int64(i), Data: `{"d":"` + strings.Repeat("x", data) + `"}`}
	}
	return list
}

func TestRosterGoesOutInBoundedParts(t *testing.T) {
	for _, tt := range []struct{ members, data, parts int }{
		{0, 0, 1}, {1, 0, 1}, {512, 0, 1}, {513, 0, 2}, {1024, 0, 2}, {2000, 0, 4},
		{100, 4000, 7}, {1, MaxMessage, 1}, {3, MaxMessage, 3},
	} {
		all := members(tt.members, tt.data)
		r := Roster{Channel: "c", Version: 3, Count: tt.members, Members: all}
		var got []string
		parts := 0
		for more := true; more; parts++ {
			var raw []byte
			raw, more = r.AppendPart(nil)
			m := mustRead(t, raw)
			if m.More != more || m.Version != 3 || m.Count != tt.members {
				t.Errorf("%+v: part %d says more %v, version %d, count %d", tt, parts, m.More, m.Version, m.Count)
			}
			if len(m.Members) > MaxMembers || len(raw) > MaxMessage && len(m.Members) > 1 {
				t.Errorf("%+v: part %d has %d members in %d bytes", tt, parts, len(m.Members), len(raw))
			}
			for _, member := range m.Members {
				got = append(got, member.User)
			}
		}
		if parts != tt.parts {
			t.Errorf("%+v: %d parts", tt, parts)
		}
		if want := names(all); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: parts list %d members, not all in order", tt, len(got))
		}
	}
}

func names(list []Member) []string {
	var names []string
	for _, m := range list {
		names = append(names, m.User)
	}
	return names
}

func mustRead(t *testing.T, raw []byte) *Message {
	t.Helper()
	m, err := ReadMessage(raw)
	if err != nil || !utf8.Valid(raw) || bytes.IndexByte(raw, '\n') >= 0 {
		t.Fatalf("message %.200q: %v", raw, err)
	}
	return m
}

func TestDiffIsCutIntoConsecutiveVersions(t *testing.T) {
	for _, tt := range []struct{ join, update, leave, data, parts int }{
		{0, 0, 0, 0, 1}, {1, 1, 1, 0, 1}, {512, 0, 0, 0, 1}, {200, 200, 112, 0, 1}, {200, 200, 113, 0, 2},
		{600, 600, 600, 0, 4}, {513, 0, 1, 0, 2}, {20, 20, 20, 4000, 3}, {1, 1, 1, MaxMessage, 3}, {0, 0, 5000, 0, 10},
	} {
		d := Diff{Channel: "c", Version: 40, Count: 10_000, Join: members(tt.join, tt.data), Update: members(tt.update, tt.data)}
		for i := range tt.leave {
			d.Leave = append(d.Leave, Leaver{fmt.Sprintf("gone-%d", i), "left"})
		}
		before := 10_000 - tt.join + tt.leave
		joins, updates, leaves, parts := 0, 0, 0, 0
		for more := true; more; parts++ {
			var raw []byte
			raw, more = d.AppendPart(nil)
			m := mustRead(t, raw)
			joins, updates, leaves = joins+len(m.Join), updates+len(m.Update), leaves+len(m.Leave)
			if m.Version != uint64(40+parts) {
				t.Errorf("%+v: part %d has version %d", tt, parts, m.Version)
			}
			if want := before + joins - leaves; m.Count != want {
				t.Errorf("%+v: part %d counts %d members, want %d as told so far", tt, parts, m.Count, want)
			}
			n := len(m.Join) + len(m.Update) + len(m.Leave)
			if n > MaxEntries || len(raw) > MaxMessage && n > 1 {
				t.Errorf("%+v: part %d has %d entries in %d bytes", tt, parts, n, len(raw))
			}
		}
		if joins != tt.join || updates != tt.update || leaves != tt.leave || parts != tt.parts {
			t.Errorf("%+v: told %d joins, %d updates, %d leaves in %d parts", tt, joins, updates, leaves, parts)
		}
		if d.Version != uint64(40+parts) {
			t.Errorf("%+v: version is %d after %d parts", tt, d.Version, parts)
		}
	}
}

func TestClientWrittenInGoReadsWhoItIs(t *testing.T) {
	m := mustRead(t, AppendWelcome(nil, &Welcome{User: "é"}))
	if got := m.UserName(); got != "é" {
		t.Errorf("welcome names %q", got)
	}
	if got := mustRead(t, AppendWelcome(nil, &Welcome{})).UserName(); got != "" {
		t.Errorf("anonymous welcome names %q", got)
	}
	u, err := mustRead(t, AppendUser(nil, &User{User: "a", Status: Busy, Text: "x"})).UserStatus()
	if want := (UserFields{User: "a", Status: Busy, Text: "x"}); err != nil || u != want {
		t.Errorf("user message read as %v, %v", u, err)
	}
	if _, err := m.UserStatus(); err == nil {
		t.Error("a welcome was read as a user message")
	}
}
