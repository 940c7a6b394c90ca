package node

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
)

// ledger is where an app writes down who is there.
type ledger struct{ ear }

func (l *ledger) reset()                   { l.call("reset") }
func (l *ledger) save(user, status string) { l.call("%s %s", user, status) }

func TestMigratedCallbacks(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		store := &ledger{}
		var lost ear
		w.prepare = func(n *virtual) {
			n.OnUserOnline(func(string) { panic("one that fails") })

			n.OnCleanup(func(sessions []string) {
				if sessions == nil { // the cluster begins: nobody who was written down is there any more
					store.reset()
				}
			})
			n.OnUserOnline(func(user string) { store.save(user, "online") })
			n.OnUserAway(func(user string) { store.save(user, "idle") })
			n.OnUserOffline(func(user string) { store.save(user, "offline") })

			n.OnCleanup(func(sessions []string) { lost.call("%s", strings.Join(sessions, " ")) })
			w.prepare = nil // the second node has an app of its own
		}
		first := w.start()
		<-first.ready
		second := w.cluster(1)[1]
		alice := w.open(second, "alice")
		session := alice.last("welcome").Session
		hear := func(want ...string) {
			t.Helper()
			w.until("the app is told of "+strings.Join(want, ", "), time.Hour, func() bool { return slices.Equal(store.heard(), want) })
		}
		hear("reset", "alice online")
		alice.do(client.Request{Type: "state", State: "away"})
		hear("reset", "alice online", "alice idle")
		second.Crash()
		hear("reset", "alice online", "alice idle", "alice offline")
		synctest.Wait()
		if got, want := lost.heard(), []string{"", session}; !slices.Equal(got, want) {
			t.Errorf("clean-ups are of %q, want a fresh start and then %q", got, want)
		}
	})
}

func TestCallbackThatIsNoneIsRefusedAtOnce(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		n := w.start()
		defer func() {
			if recover() == nil {
				t.Error("OnUserOnline takes nil")
			}
		}()
		n.OnUserOnline(nil)
	})
}

func TestMigrationPageShowsWhatRuns(t *testing.T) {
	page, err := os.ReadFile("../client-js/MIGRATION.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("migration_test.go")
	if err != nil {
		t.Fatal(err)
	}
	samples := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(samples) == 0 {
		t.Fatal("the page has no sample in Go")
	}
	plain := func(text string) string { return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(text, "") }
	for _, s := range samples {
		if !strings.Contains(plain(string(source)), plain(s[1])) {
			t.Errorf("no test runs this sample:\n%s", s[1])
		}
	}
}
