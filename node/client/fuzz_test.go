package client

import "testing"

// FuzzApply throws frames of two messages at a follower: whatever a node sends,
// he neither crashes nor lists more members than he was told of.
func FuzzApply(f *testing.F) {
	f.Add(roster(3, "", "a"), diff(4, 2, `,"join":[{"user":"b"}]`))
	f.Add(`{"type":"count","channel":"c","version":3,"count":1}`, diff(4, 2, `,"update":[{"user":"b"}]`))
	f.Add(roster(3, `,"more":true`, "a"), `{"type":"roster","channel":"c","version":3,"count":2,"complete":false}`)
	f.Add(`{"type":"user","user":{"user":"bob"}}`, `{"type":"ended","channel":"c"}`)
	f.Fuzz(func(t *testing.T, first, second string) {
		var r Rosters
		told := 0
		for _, text := range []string{first, second} {
			m, err := parse([]byte(text))
			if err != nil {
				continue
			}
			told += len(m.Members) + len(m.Join) + len(m.Update)
			r.Apply(m)
			if roster, _ := r.Roster(m.Channel); len(roster.Members) > told {
				t.Fatalf("%d members known, %d told", len(roster.Members), told)
			}
		}
	})
}
