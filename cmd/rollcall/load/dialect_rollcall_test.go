package load

import (
	"fmt"
	"strings"
	"testing"
)

// notes keep what a session tells, in short.
type notes struct{ told []string }

func (n *notes) note(format string, args ...any) {
	n.told = append(n.told, fmt.Sprintf(format, args...))
}

func (n *notes) Welcome()                        { n.note("welcome") }
func (n *notes) Roster(channel []byte)           { n.note("roster %s", channel) }
func (n *notes) Member(user []byte)              { n.note("member %s", user) }
func (n *notes) Entered(channel []byte, p bool)  { n.note("entered %s %v", channel, p) }
func (n *notes) Joined(channel, user []byte)     { n.note("joined %s %s", channel, user) }
func (n *notes) Left(channel, user []byte)       { n.note("left %s %s", channel, user) }
func (n *notes) Count(channel []byte, count int) { n.note("count %s %d", channel, count) }
func (n *notes) Answer(text []byte)              { n.note("answer %s", text) }

func TestRollcallFramesAreToldInTheirOrder(t *testing.T) {
	s := &rollcallSession{}
	s.Join(nil, "room")
	for _, tt := range []struct{ frame, want string }{
		{`{"type":"welcome","id":1,"session":"4c1f-1","user":"alice","expires":null}`, "welcome"},
		{`{"type":"diff","channel":"room","version":4,"join":[{"user":"zoe","since":1}],"count":9}`, ""}, // before the roster
		{`{"type":"roster","id":2,"channel":"room","version":6,"count":3,"members":[{"user":"alice","since":1,"data":{"user":"mallory"}},{"user":"bob"}],"more":true}`,
			"roster room, member alice, member bob"},
		{`{"type":"roster","id":2,"channel":"room","version":6,"count":3,"members":[{"since":1,"user":"zo\u00e9"}],"more":false,"partial":true}`,
			"member zoé, entered room true, count room 3"},
		{`{"type":"ping","time":1}` + "\n" + `{"type":"diff","channel":"room","version":7,"join":[{"user":"carol"}],"update":[{"user":"bob"}],"leave":[{"user":"bob","reason":"left"}],"count":3}` + "\n",
			`answer {"type":"pong"}, joined room carol, left room bob, count room 3`},
		{`{"type":"users","users":[{"user":"x","status":"online"}]}`, ""},
	} {
		var n notes
		if err := s.Read([]byte(tt.frame), &n); err != nil || strings.Join(n.told, ", ") != tt.want {
			t.Errorf("%s: told %q, %v; want %q", tt.frame, strings.Join(n.told, ", "), err, tt.want)
		}
	}
	for frame, want := range map[string]string{
		`{"type":"diff","channel":"room","version":9,"count":3}`:           "version 9 comes after version 7",
		`{"type":"error","id":2,"code":"forbidden","message":"not there"}`: "forbidden (not there)",
		`{"type":"ended","channel":"room","code":"unauthorized"}`:          "ended the membership: unauthorized",
		`{"type":"drain","delay":5}`:                                       "going away",
		`{"type":"diff","channel":"room"`:                                  "broken JSON",
	} {
		if err := s.Read([]byte(frame), &notes{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", frame, err, want)
		}
	}
}

func TestRollcallResumesTheLastSessionThatWasWelcomed(t *testing.T) {
	d := Rollcall{Token: func(user string) (string, error) { return "t-" + user, nil }}
	first, _ := d.Session("alice", nil)
	if got := string(first.Hello(nil)); got != `{"type":"hello","id":1,"token":"t-alice"}` {
		t.Errorf("hello %s", got)
	}
	if err := first.Read([]byte(`{"type":"welcome","session":"4c1f-1"}`), &notes{}); err != nil {
		t.Fatal(err)
	}
	second, _ := d.Session("alice", first) // which is cut before it is welcomed
	third, _ := d.Session("alice", second)
	for _, s := range []Session{second, third} {
		if got := string(s.Hello(nil)); got != `{"type":"hello","id":1,"token":"t-alice","resume":"4c1f-1"}` {
			t.Errorf("hello %s, want that it resumes 4c1f-1", got)
		}
	}
}
