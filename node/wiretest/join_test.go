package wiretest

import (
	"fmt"
	"testing"
	"time"
)

func TestJoinIsSeenOnEveryNode(t *testing.T) {
	w := newWorld(t)
	near, far := w.hello(here, "near~"), w.hello(there, "far~")
	near.watch("room~")
	far.watch("room~")
	before := time.Now().UnixMilli()
	alice := w.hello(here, "alice~")
	m := alice.join("room~", "alice~")
	if since := m.Members[0].Since; since < before || since > time.Now().UnixMilli() {
		t.Errorf("%s: since is not now", m.text)
	}
	near.seesJoin("room~", "alice~")
	far.seesJoin("room~", "alice~")
	alice.alive() // the roster held her, and no diff repeats it
	alice.send(`{"type":"leave","id":1,"channel":"room~"}`)
	alice.want(`{"type":"ok","id":1}`)
	near.seesLeave("room~", "alice~", "left")
	far.seesLeave("room~", "alice~", "left")
	alice.alive()
}

func TestWatcherWhoJoinsSeesHerselfInADiff(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.watch("room~")
	alice.ask(`{"type":"join","id":2,"channel":"room~","data":{"a":1}}`, `{"type":"ok","id":2}`)
	alice.want(`{"type":"diff","channel":"room~","version":"*","count":1,"join":[{"user":"alice~","since":"*","data":{"a":1}}]}`)
}

func TestWatchOnAJoinedChannelChangesNothing(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.join("room~", "alice~")
	alice.ask(`{"type":"watch","id":2,"channel":"room~","mode":"count"}`, `{"type":"ok","id":2}`)
	alice.roster("room~", "alice~")
	alice.ask(`{"type":"update","id":3,"channel":"room~","data":{}}`, `{"type":"ok","id":3}`)
}

func TestRepeatedJoinWithOtherDataIsAnUpdate(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(there, "bob~")
	bob.join("room~", "bob~")
	alice.awaits("room~", "bob~")
	alice.ask(`{"type":"join","id":1,"channel":"room~","data":{"a":1}}`, `{"type":"ok","id":1}`)
	told := `{"type":"diff","channel":"room~","version":"*","count":2,"join":[{"user":"alice~","since":"*","data":{"a":1}}]}`
	first := alice.want(told).Join[0]
	bob.want(told)
	alice.ask(`{"type":"join","id":2,"channel":"room~","data":{"a":1}}`, `{"type":"ok","id":2}`)
	alice.ask(`{"type":"join","id":3,"channel":"room~"}`, `{"type":"ok","id":3}`)
	alice.roster("room~", "alice~", "bob~")
	alice.ask(`{"type":"join","id":4,"channel":"room~","data":{"b":2}}`, `{"type":"ok","id":4}`)
	want := `{"type":"diff","channel":"room~","version":"*","count":2,"update":[{"user":"alice~","since":"*","data":{"b":2}}]}`
	if m := alice.want(want); m.Update[0].Since != first.Since {
		t.Errorf("%s: since was %d", m.text, first.Since)
	}
	bob.want(want)
}

func TestOwnUpdateComesBackInADiff(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.join("room~", "alice~")
	alice.ask(`{"type":"update","id":2,"channel":"room~","data":{ "typing": true }}`, `{"type":"ok","id":2}`)
	alice.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*","data":{"typing":true}}]}`)
	alice.ask(`{"type":"update","id":3,"channel":"room~","data":{}}`, `{"type":"ok","id":3}`)
	alice.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*","data":{}}]}`)
}

func TestUpdateOfAWatcherIsNoMembers(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.watch("room~")
	alice.send(`{"type":"update","id":2,"channel":"room~","data":{}}`)
	alice.wantError(2, "not_member")
	alice.roster("room~")
}

func TestLeaveOfNothingIsOK(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.ask(`{"type":"leave","id":1,"channel":"room~"}`, `{"type":"ok","id":1}`)
}

func TestLeaveEndsMembershipAndWatch(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(here, "bob~")
	for _, kind := range []string{"join", "watch"} {
		alice.enter(kind, "room~", map[string][]string{"join": {"alice~"}}[kind]...)
		alice.ask(`{"type":"leave","id":2,"channel":"room~"}`, `{"type":"ok","id":2}`)
		bob.join("room~", "bob~")
		bob.ask(`{"type":"leave","id":3,"channel":"room~"}`, `{"type":"ok","id":3}`)
		alice.alive() // and heard nothing of it
		alice.send(`{"type":"update","id":4,"channel":"room~","data":{}}`)
		alice.wantError(4, "not_member")
	}
}

func TestChannelLeftAndJoinedAgainBeginsWithItsRoster(t *testing.T) {
	w := newWorld(t)
	bob := w.hello(here, "bob~")
	bob.join("room~", "bob~")
	alice := w.hello(here, "alice~")
	for range 3 {
		alice.join("room~", "alice~", "bob~")
		bob.seesJoin("room~", "alice~")
		alice.ask(`{"type":"leave","id":2,"channel":"room~"}`, `{"type":"ok","id":2}`)
		bob.seesLeave("room~", "alice~", "left")
	}
}

func TestSecondSessionOfAUserMakesNoEvent(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(there, "watcher~")
	watcher.watch("room~")
	one := w.hello(here, "alice~")
	one.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	two, three := w.hello(here, "alice~"), w.hello(there, "alice~")
	two.join("room~", "alice~")
	three.join("room~", "alice~")
	before := w.hello(there, "before~") // whoever has heard of her has heard of the third
	before.join("room~", "alice~", "before~")
	for _, c := range []*client{one, two, three, watcher} {
		c.seesJoin("room~", "before~")
	}
	one.send(`{"type":"leave","channel":"room~"}`)
	two.send(`{"type":"bye"}`)
	two.wantClose(1000)
	after := w.hello(here, "after~") // all that, on the same node
	after.join("room~", "alice~", "before~", "after~")
	for _, c := range []*client{watcher, three, before} {
		c.seesJoin("room~", "after~")
	}
	three.send(`{"type":"leave","id":5,"channel":"room~"}`)
	watcher.seesLeave("room~", "alice~", "left")
}

func TestSinceIsThatOfTheFirstSession(t *testing.T) {
	w := newWorld(t)
	first := w.hello(here, "alice~").join("room~", "alice~").Members[0].Since
	second := w.hello(here, "alice~").join("room~", "alice~").Members[0].Since
	if first != second {
		t.Errorf("since %d for the first session, %d for the second", first, second)
	}
}

func TestDataIsOfTheSessionThatSetItLast(t *testing.T) {
	w := newWorld(t)
	watcher := w.hello(there, "watcher~")
	watcher.watch("room~")
	one, two := w.hello(here, "alice~"), w.hello(there, "alice~")
	wantData := func(kind, data string) {
		t.Helper()
		watcher.want(`{"type":"diff","channel":"room~","version":"*","count":1,"` + kind + `":[{"user":"alice~","since":"*"` + data + `}]}`)
	}
	one.send(`{"type":"join","channel":"room~","data":{"from":1}}`)
	wantData("join", `,"data":{"from":1}`)
	two.send(`{"type":"join","channel":"room~","data":{"from":2}}`)
	wantData("update", `,"data":{"from":2}`)
	for one.next().Type != "diff" { // it has heard of that
	}
	one.send(`{"type":"update","channel":"room~","data":{"from":1,"again":true}}`)
	wantData("update", `,"data":{"from":1,"again":true}`)
	one.send(`{"type":"leave","channel":"room~"}`)
	wantData("update", `,"data":{"from":2}`) // what is left is the other's
}

func TestUpdateThatIsUndoneMakesNoEvent(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.join("room~", "alice~")
	for i := range 50 { // a busy machine may be too slow for the batch, but not always
		data := fmt.Sprintf(`{"type":"update","channel":"room~","data":{"n":%d}}`, i)
		alice.send(data, `{"type":"update","channel":"room~","data":{"n":"x"}}`, data, `{"type":"sync","channel":"room~"}`)
		told := 0
		for alice.next().Type == "diff" {
			told++
		}
		if told == 1 {
			return
		}
	}
	t.Error("every change was told, though it was undone at once")
}

func TestJoinThatIsUndoneMakesNoEvent(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(here, "bob~")
	alice.join("room~", "alice~")
	for range 50 { // as above
		bob.send(`{"type":"join","channel":"room~"}`)
		alice.seesJoin("room~", "bob~")
		// A batch begins with the leave at the latest.
		bob.send(`{"type":"leave","channel":"room~"}`, `{"type":"join","channel":"room~"}`, `{"type":"leave","channel":"room~"}`, `{"type":"leave","id":5,"channel":"other"}`)
		bob.answer(5)
		alice.send(`{"type":"sync","id":6,"channel":"room~"}`)
		joined, m := false, alice.next()
		for ; m.Type == "diff"; m = alice.next() {
			joined = joined || len(m.Join) > 0
		}
		alice.wantMembers(m, "alice~")
		if !joined {
			return
		}
	}
	t.Error("every join was told, though it was undone at once")
}

func TestVersionsAreOfTheChannel(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	version := alice.join("room~", "alice~").Version
	alice.join("other~", "alice~")
	for _, data := range []string{`{"n":1}`, `{"n":2}`, `{"n":3}`} {
		alice.send(`{"type":"update","channel":"other~","data":{"of":"another channel"}}`, `{"type":"update","channel":"room~","data":`+data+`}`)
		m := alice.next()
		for m.Channel != w.own("room~") {
			m = alice.next()
		}
		if m.Type != "diff" || m.Version != version+1 {
			t.Fatalf("got %s, want a diff with version %d", m.text, version+1)
		}
		version++
	}
	if m := alice.roster("room~", "alice~"); m.Version != version {
		t.Errorf("got %s, want version %d", m.text, version)
	}
}

func TestProfileIsTheTokens(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~", withProfile(`{ "name": "Alice", "admin": true }`))
	alice.ask(`{"type":"join","id":1,"channel":"room~","data":{"name":"somebody else"},"profile":{"name":"forged"}}`,
		`{"type":"roster","id":1,"channel":"room~","version":"*","count":1,"members":[{"user":"alice~","since":"*","data":{"name":"somebody else"},"profile":{"name":"Alice","admin":true}}],"more":false}`)
	bob := w.hello(there, "bob~")
	bob.awaits("room~", "alice~")
	if m := bob.roster("room~", "alice~"); string(m.Members[0].Profile) != `{"name":"Alice","admin":true}` {
		t.Errorf("got %s, want the profile of the token", m.text)
	}
}

func TestModeStaysThatOfTheFirstRequest(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.ask(`{"type":"watch","id":1,"channel":"room~","mode":"count"}`, `{"type":"roster","id":1,"channel":"room~","version":"*","count":0,"more":false}`)
	alice.ask(`{"type":"join","id":2,"channel":"room~"}`, `{"type":"ok","id":2}`)
	alice.want(`{"type":"count","channel":"room~","version":"*","count":1}`)
	alice.ask(`{"type":"leave","id":3,"channel":"room~"}`, `{"type":"ok","id":3}`)
	alice.join("room~", "alice~")
}

func TestRosterAskedForBeforeALeaveStillComes(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	for range 5 { // also within a batch, when the roster has to wait
		alice.send(`{"type":"join","id":1,"channel":"room~"}`, `{"type":"sync","id":2,"channel":"room~"}`, `{"type":"leave","id":3,"channel":"room~"}`)
		for id := range int64(2) {
			if m := alice.next(); m.Type != "roster" || m.ID != id+1 {
				t.Fatalf("got %s, want roster %d", m.text, id+1)
			}
		}
		alice.want(`{"type":"ok","id":3}`)
	}
}

func TestLeaveThatIsUndoneIsAnUpdateOfSince(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(here, "bob~")
	alice.join("room~", "alice~")
	bob.join("room~", "alice~", "bob~")
	alice.seesJoin("room~", "bob~")
	for i := range 50 { // as for updates
		// A batch begins with the update at the latest.
		bob.send(fmt.Sprintf(`{"type":"update","channel":"room~","data":{"n":%d}}`, i),
			`{"type":"leave","channel":"room~"}`, `{"type":"join","channel":"room~"}`, `{"type":"leave","id":5,"channel":"other"}`)
		bob.answer(5)
		alice.send(`{"type":"sync","id":6,"channel":"room~"}`)
		left := false
		for m := alice.next(); m.Type == "diff"; m = alice.next() { // with since of that moment, or none if it is the same
			left = left || len(m.Leave) > 0
		}
		if !left {
			return
		}
	}
	t.Error("every leave was told, though it was undone at once")
}
