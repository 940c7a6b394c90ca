package wiretest

import (
	"fmt"
	"testing"
	"time"
)

func TestAwayIsToldWithItsDateAndOnlineLeftOut(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(there, "bob~")
	bob.watch("room~")
	alice.join("room~", "alice~")
	bob.seesJoin("room~", "alice~")
	alice.ask(`{"type":"state","id":2,"state":"away","idle":60000}`, `{"type":"ok","id":2}`)
	for _, c := range []*client{alice, bob} {
		m := c.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*","status":"away","lastActivity":"*"}]}`)
		w.wantAgo(m, m.Update[0].LastActivity, time.Minute)
	}
	if m := bob.roster("room~", "alice~"); m.Members[0].Status != "away" || m.Members[0].LastActivity == 0 {
		t.Errorf("got %s, want her away", m.text)
	}
	alice.ask(`{"type":"state","id":3,"state":"online"}`, `{"type":"ok","id":3}`)
	bob.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*"}]}`)
}

// wantAgo demands that a date is that long before some moment of this test.
func (w *world) wantAgo(m message, date int64, ago time.Duration) {
	w.Helper()
	at := time.UnixMilli(date).Add(ago)
	if at.Before(w.began.Truncate(time.Millisecond)) || at.After(time.Now()) {
		w.Errorf("got %s, want a date %v before a moment from %v on", m.text, ago, w.began)
	}
}

func TestHelloTellsTheState(t *testing.T) {
	w := newWorld(t)
	alice := w.helloWith(here, "alice~", `,"state":"away","idle":3600000`)
	m := alice.join("room~", "alice~")
	if m.Members[0].Status != "away" {
		t.Fatalf("got %s, want her away", m.text)
	}
	w.wantAgo(m, m.Members[0].LastActivity, time.Hour)
}

func TestIdleTabPullsDownNoActiveOne(t *testing.T) {
	w := newWorld(t)
	one, two := w.hello(here, "alice~"), w.hello(there, "alice~")
	watcher := w.hello(there, "watcher~")
	watcher.watch("room~")
	one.join("room~", "alice~")
	watcher.seesJoin("room~", "alice~")
	two.ask(`{"type":"state","id":2,"state":"away","idle":1000}`, `{"type":"ok","id":2}`)
	one.ask(`{"type":"state","id":3,"state":"away","idle":1000}`, `{"type":"ok","id":3}`)
	watcher.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*","status":"away","lastActivity":"*"}]}`)
	two.ask(`{"type":"state","id":4,"state":"online"}`, `{"type":"ok","id":4}`)
	watcher.want(`{"type":"diff","channel":"room~","version":"*","count":1,"update":[{"user":"alice~","since":"*"}]}`)
}

func TestChosenStatusIsTold(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"away", "busy"} {
		t.Run(status, func(t *testing.T) {
			w := newWorld(t)
			alice, bob := w.hello(here, "alice~"), w.hello(there, "bob~")
			bob.watch("room~")
			alice.join("room~", "alice~")
			bob.seesJoin("room~", "alice~")
			alice.ask(fmt.Sprintf(`{"type":"status","id":2,"status":%q,"text":"in a meeting"}`, status), `{"type":"ok","id":2}`)
			m := bob.next()
			if m.Type != "diff" || len(m.Update) != 1 || m.Update[0].Status != status {
				t.Errorf("got %s, want her %s", m.text, status)
			}
		})
	}
}

func TestInvisibleUserIsInNoRosterNotEvenHerOwn(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(here, "alice~"), w.hello(there, "bob~")
	bob.watch("room~")
	alice.join("room~", "alice~")
	bob.seesJoin("room~", "alice~")
	alice.ask(`{"type":"status","id":2,"status":"offline"}`, `{"type":"ok","id":2}`)
	alice.seesLeave("room~", "alice~", "left")
	bob.seesLeave("room~", "alice~", "left")
	alice.roster("room~")
	alice.join("other~")
	alice.ask(`{"type":"update","id":3,"channel":"other~","data":{"a":1}}`, `{"type":"ok","id":3}`)
	alice.ask(`{"type":"status","id":4,"status":"online"}`, `{"type":"ok","id":4}`)
	bob.seesJoin("room~", "alice~")
	for _, m := range []message{alice.next(), alice.next()} {
		if m.Type != "diff" || len(m.Join) != 1 || m.Join[0].User != w.own("alice~") {
			t.Errorf("got %s, want her own joins", m.text)
		}
	}
}

func TestInvisibleFromTheStartIsNeverSeen(t *testing.T) {
	w := newWorld(t)
	bob := w.hello(here, "bob~")
	bob.join("room~", "bob~")
	alice := w.helloWith(here, "alice~", `,"status":"offline"`)
	alice.join("room~", "bob~")
	alice.send(`{"type":"bye"}`)
	alice.wantClose(1000)
	marker := w.hello(here, "marker~")
	marker.join("room~", "bob~", "marker~")
	bob.seesJoin("room~", "marker~")
}

func TestTextOf256BytesIsTaken(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.ask(`{"type":"status","id":2,"status":"busy","text":"`+letters(256)+`"}`, `{"type":"ok","id":2}`)
}
