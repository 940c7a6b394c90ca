package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// feed applies messages, written as JSON, and tells what followers saw as one
// word each: +joined, ~updated, -left:reason, !gap.
func feed(t testing.TB, r interface {
	Apply(*Message) (Changes, error)
}, messages ...string) string {
	t.Helper()
	var seen []string
	for _, text := range messages {
		m, err := parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		changes, err := r.Apply(m)
		for _, m := range changes.Join {
			seen = append(seen, "+"+m.User)
		}
		for _, m := range changes.Update {
			seen = append(seen, "~"+m.User)
		}
		for _, l := range changes.Leave {
			seen = append(seen, "-"+l.User+":"+l.Reason)
		}
		if gap := new(GapError); errors.As(err, &gap) {
			seen = append(seen, "!gap")
		}
	}
	return strings.Join(seen, " ")
}

// roster makes a roster message of users; a user written a=1 has data {"n":1}.
func roster(version int, more string, users ...string) string {
	return fmt.Sprintf(`{"type":"roster","channel":"c","version":%d,"count":%d,"members":%s%s}`, version, len(users), members(users), more)
}

func members(users []string) string {
	list := []Member{}
	for _, u := range users {
		name, n, ok := strings.Cut(u, "=")
		m := Member{User: name, Since: 1}
		if ok {
			m.Data = json.RawMessage(`{"n":` + n + `}`)
		}
		list = append(list, m)
	}
	data, _ := json.Marshal(list)
	return string(data)
}

func diff(version, count int, rest string) string {
	return fmt.Sprintf(`{"type":"diff","channel":"c","version":%d,"count":%d%s}`, version, count, rest)
}

func TestRosters(t *testing.T) {
	joinB, leaveB := `,"join":`+members([]string{"b"}), `,"leave":[{"user":"b","reason":"left"}]`
	for _, tt := range []struct {
		name     string
		messages []string
		want     string
	}{
		{"the first roster is all joins", []string{roster(3, "", "b", "a")}, "+a +b"},
		{"a diff goes on from the roster", []string{roster(3, "", "a"), diff(4, 2, joinB), diff(5, 1, leaveB)}, "+a +b -b:left"},
		{"a missing diff is a gap, told once", []string{roster(3, "", "a"), diff(5, 2, joinB), diff(6, 1, leaveB)}, "+a !gap"},
		{"a repeated diff is a gap", []string{roster(3, "", "a"), diff(3, 2, joinB)}, "+a !gap"},
		{"after a gap a roster tells the difference", []string{roster(3, "", "a", "x"), diff(5, 2, ""), roster(9, "", "a=1", "b")}, "+a +x !gap +b ~a -x:missed"},
		{"a roster that says the same says nothing", []string{roster(3, "", "a=1"), roster(3, "", "a=1")}, "+a"},
		{"a diff before any roster is a gap", []string{diff(4, 2, joinB)}, "!gap"},
		{"parts make one roster", []string{
			`{"type":"roster","channel":"c","version":3,"count":2,"members":[{"user":"a"}],"more":true}`,
			`{"type":"roster","channel":"c","version":3,"count":2,"members":[{"user":"b"}],"more":false}`}, "+a +b"},
		{"a diff between parts is a gap", []string{
			`{"type":"roster","channel":"c","version":3,"count":2,"members":[{"user":"a"}],"more":true}`, diff(4, 2, joinB)}, "!gap"},
		{"who is there cannot join", []string{roster(3, "", "b"), diff(4, 1, joinB)}, "+b +b !gap"},
		{"who is not there cannot leave", []string{roster(3, "", "a"), diff(4, 1, leaveB)}, "+a -b:left !gap"},
		{"who is not there cannot change", []string{roster(3, "", "a"), diff(4, 1, `,"update":[{"user":"b"}]`)}, "+a ~b !gap"},
		{"a wrong count is a fault", []string{roster(3, "", "a"), diff(4, 7, joinB)}, "+a +b !gap"},
		{"a roster of another size than its count is a fault", []string{`{"type":"roster","channel":"c","version":3,"count":9,"members":[{"user":"a"}]}`}, "!gap"},
		{"a partial roster leaves members out", []string{
			`{"type":"roster","channel":"c","version":3,"count":9,"members":[{"user":"a"}],"partial":true}`, diff(4, 8, leaveB)}, "+a -b:left"},
		{"who is missing from a partial roster has not left", []string{roster(2, "", "a", "b"),
			`{"type":"roster","channel":"c","version":3,"count":9,"members":[{"user":"a"}],"partial":true}`}, "+a +b"},
		{"who is missing from an incomplete roster has not left", []string{roster(2, "", "a", "b"), roster(3, `,"complete":false`, "a")}, "+a +b"},
		{"nor does he join when heard of again", []string{roster(2, "", "a", "b"), roster(3, `,"complete":false`, "a"), diff(4, 2, joinB)}, "+a +b"},
		{"but he has left if a complete roster lacks him", []string{roster(2, "", "a", "b"), roster(3, `,"complete":false`, "a"), roster(4, "", "a")}, "+a +b -b:missed"},
		{"counts list nobody", []string{`{"type":"roster","channel":"c","version":3,"count":9}`, `{"type":"count","channel":"c","version":5,"count":8}`}, ""},
		{"an ended channel is forgotten", []string{roster(3, "", "a"), `{"type":"ended","channel":"c","code":"forbidden"}`, roster(1, "", "a")}, "+a +a"},
		{"names are data", []string{roster(3, "", "__proto__"), diff(4, 2, joinB)}, "+__proto__ +b"},
	} {
		if got := feed(t, new(Rosters), tt.messages...); got != tt.want {
			t.Errorf("%s: saw %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestReconnectTellsOnlyDifferences(t *testing.T) {
	var r Rosters
	feed(t, &r, roster(3, "", "a", "b"), `{"type":"roster","channel":"c","version":4,"count":3,"members":[{"user":"x"}],"more":true}`)
	r.Reconnect()
	if _, fresh := r.Roster("c"); fresh {
		t.Error("a roster of a lost connection passes for fresh")
	}
	if got, want := feed(t, &r, diff(4, 2, ""), roster(4, "", "b", "c")), "!gap +c -a:missed"; got != want {
		t.Errorf("saw %q, want %q", got, want)
	}
	got, fresh := r.Roster("c")
	if !fresh || !slices.Equal(got.Users(), []string{"b", "c"}) || got.Count != 2 || got.Version != 4 {
		t.Errorf("roster %+v, fresh %v", got, fresh)
	}
	r.Forget("c")
	if _, known := r.Roster("c"); known {
		t.Error("a forgotten channel is known")
	}
}

// While a client moves, the old connection feeds until the new one has its roster, and
// what it says later is out of date.
func TestAMoveTellsOnlyDifferences(t *testing.T) {
	joinC := `,"join":` + members([]string{"c"})
	var r Rosters
	from := r.Feed()
	feed(t, from, roster(3, "", "a", "b"))
	to := r.Feed()
	if got := feed(t, from, diff(4, 3, joinC)); got != "+c" {
		t.Errorf("before the new roster saw %q, want +c", got)
	}
	part := `{"type":"roster","channel":"c","version":90,"count":3,"members":[{"user":"a"}],"more":true}`
	if got := feed(t, to, part); got != "" {
		t.Errorf("half of a roster tells %q", got)
	}
	if got := feed(t, from, diff(5, 4, `,"join":`+members([]string{"d"}))); got != "+d" {
		t.Errorf("between the parts of the new roster saw %q, want +d", got)
	}
	if _, fresh := r.Roster("c"); !fresh {
		t.Error("the old roster is out of date before there is a new one")
	}
	rest := `{"type":"roster","channel":"c","version":90,"count":3,"members":[{"user":"c"},{"user":"d"}],"more":false}`
	if got := feed(t, to, rest, diff(91, 2, `,"leave":[{"user":"a","reason":"left"}]`)); got != "-b:missed -a:left" {
		t.Errorf("the new roster tells %q, want the difference", got)
	}
	if got := feed(t, from, diff(6, 5, joinC), roster(7, "", "x"), `{"type":"ended","channel":"c","code":"forbidden"}`); got != "" {
		t.Errorf("the old connection still tells %q", got)
	}
	if got, fresh := r.Roster("c"); !fresh || !slices.Equal(got.Users(), []string{"c", "d"}) || got.Version != 91 {
		t.Errorf("roster %+v, fresh %v", got, fresh)
	}
	r.Reconnect()
	if got := feed(t, to, diff(92, 1, `,"leave":[{"user":"c","reason":"left"}]`)); got != "" {
		t.Errorf("a connection that is over tells %q", got)
	}
}

func TestADiffOfANewConnectionBeforeItsRosterIsAGap(t *testing.T) {
	var r Rosters
	feed(t, r.Feed(), roster(3, "", "a"))
	if got := feed(t, r.Feed(), diff(4, 1, "")); got != "!gap" {
		t.Errorf("saw %q, want a gap", got)
	}
}

// A difference, applied to the roster before, gives the roster after.
func TestDifferenceLeadsFromOneRosterToTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		draw := func(label string) *Roster {
			r := &Roster{Members: map[string]Member{}}
			for u, n := range rapid.MapOf(user, rapid.IntRange(0, 2)).Draw(t, label) {
				r.Members[u] = Member{User: u, Data: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))}
			}
			r.Count = len(r.Members)
			return r
		}
		before, after := draw("before"), draw("after")
		c := Difference(before, after)
		_, problem := before.apply(&Message{Version: 1, Count: after.Count, Join: c.Join, Update: c.Update, Leave: c.Leave})
		if problem != "" || !maps.EqualFunc(before.Members, after.Members, same) {
			t.Fatalf("got %v, want %v; %s", before.Members, after.Members, problem)
		}
		if !Difference(before, after).None() {
			t.Fatal("a second time there is a difference still")
		}
	})
}
