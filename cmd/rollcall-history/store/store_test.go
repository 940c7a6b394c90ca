//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/pgtest"
	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/stream"
)

var server pgtest.Server

func TestMain(m *testing.M) {
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

// each runs a test on an empty database of each kind.
func each(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "a b%?.db"))) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, server.Database(t))) })
}

func open(t *testing.T, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func login(session, user, node string, at int64) stream.Connection {
	return stream.Connection{Session: session, User: user, Node: node, NodeName: "label", Address: "192.0.2.1:5", Agent: "Firefox", Login: at}
}

func in(id string, c stream.Connection) stream.Change {
	return stream.Change{Kind: stream.Login, Event: id, Connection: c}
}

func out(id, session, reason string, at int64) stream.Change {
	return stream.Change{Kind: stream.Logout, Event: id, Connection: stream.Connection{Session: session, Logout: at, Reason: reason}}
}

func write(t *testing.T, s *Store, changes ...stream.Change) {
	t.Helper()
	if err := s.Write(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

// history returns a user's connections, the newest first.
func history(t *testing.T, s *Store, user string) (all []stream.Connection) {
	t.Helper()
	for c, err := range s.Connections(t.Context(), user, 100) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func checkUser(t *testing.T, s *Store, name string, lastLogin, lastSeen int64) {
	t.Helper()
	u, ok, err := s.User(t.Context(), name)
	if err != nil || !ok || u.LastLogin != lastLogin || u.LastSeen != lastSeen {
		t.Errorf("%+v, known %v, %v; want last login %d, last seen %d", u, ok, err, lastLogin, lastSeen)
	}
}

func TestConnectionIsKeptFromLoginToLogout(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		a := login("n1/1", "alice", "n1", 1000)
		changes := []stream.Change{
			in("e1", a),
			{Kind: stream.Active, Event: "e2", Connection: stream.Connection{Session: "n1/1", LastActivity: 1500}},
			out("e3", "n1/1", "closed", 2000),
		}
		a.LastActivity, a.Logout, a.Reason = 1500, 2000, "closed"
		for range 2 { // told twice, it changes nothing
			write(t, s, changes...)
			if got := history(t, s, "alice"); !slices.Equal(got, []stream.Connection{a}) {
				t.Errorf("%+v, want %+v", got, a)
			}
			checkUser(t, s, "alice", 1000, 2000)
		}
	})
}

func TestUserIsSeenUntilHerLastConnectionEnds(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		write(t, s, in("e1", login("n1/1", "alice", "n1", 1000)), in("e2", login("n2/1", "alice", "n2", 1100)), out("e3", "n1/1", "left", 1200))
		checkUser(t, s, "alice", 1100, 0)
		write(t, s, out("e4", "n2/1", "left", 1300))
		checkUser(t, s, "alice", 1100, 1300)
		write(t, s, in("e5", login("n2/2", "alice", "n2", 1400)))
		checkUser(t, s, "alice", 1400, 0)
	})
}

func TestSessionOfANodeThatCameBackIsOpenAgain(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		a := login("n1/1", "alice", "n1", 1000)
		write(t, s, in("e1", a), out("e2", "n1/1", "node_lost", 2000), in("e3", a))
		if got := history(t, s, "alice"); !slices.Equal(got, []stream.Connection{a}) {
			t.Errorf("%+v, want it open", got)
		}
		checkUser(t, s, "alice", 1000, 0)
		write(t, s, out("e2", "n1/1", "node_lost", 2000)) // a repeat
		checkUser(t, s, "alice", 1000, 0)
	})
}

func TestAnonymousConnectionsMakeNoUser(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		write(t, s, in("e1", login("n1/1", "", "n1", 1000)), out("e2", "n1/1", "closed", 1100))
		if got := history(t, s, ""); len(got) != 1 || got[0].Logout != 1100 {
			t.Errorf("%+v", got)
		}
		if u, ok, err := s.User(t.Context(), ""); ok || err != nil {
			t.Errorf("%+v, %v", u, err)
		}
	})
}

func TestLogoutOfWhatWasNeverToldMakesNoRow(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		write(t, s, out("e1", "n1/1", "closed", 1000))
		for c := range s.Current(t.Context()) {
			t.Errorf("%+v", c)
		}
	})
}

func TestSyncClosesWhatIsGoneFromItsNodesOnly(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		here, gone, far := login("n1/1", "alice", "n1", 1000), login("n1/2", "bob", "n1", 1000), login("n3/1", "carol", "n3", 1000)
		missed := login("n2/9", "dave", "n2", 1900)
		write(t, s, in("e1", here), in("e2", gone), in("e3", far))
		closed, err := s.Settle(t.Context(), stream.Sync{Event: "s1", Time: 2000, Nodes: []string{"n1", "n2"}, Sessions: []stream.Connection{here, missed}})
		if closed != 1 || err != nil {
			t.Errorf("%d closed, %v", closed, err)
		}
		var open []string
		for c, err := range s.Current(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, c.User)
		}
		if !slices.Equal(open, []string{"alice", "carol", "dave"}) {
			t.Errorf("%v are open", open)
		}
		if got := history(t, s, "bob"); len(got) != 1 || got[0].Logout != 2000 || got[0].Reason != ReasonMissed {
			t.Errorf("%+v", got)
		}
		checkUser(t, s, "bob", 1000, 2000)
	})
}

func TestNodeThatNobodyNamesIsForgottenAfterAWhile(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		write(t, s, in("e1", login("n1/1", "alice", "n1", 1000)))
		if err := s.Name(t.Context(), 5000, "n1"); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			at   int64
			want int
		}{{5000 + Forget.Milliseconds(), 0}, {5001 + Forget.Milliseconds(), 1}, {5002 + Forget.Milliseconds(), 0}} {
			if closed, err := s.Settle(t.Context(), stream.Sync{Event: fmt.Sprint(tt.at), Time: tt.at, Nodes: []string{"n2"}}); closed != tt.want || err != nil {
				t.Errorf("at %d: %d closed, %v", tt.at, closed, err)
			}
		}
		if got := history(t, s, "alice"); got[0].Logout != 5000 || got[0].Reason != ReasonNodeLost {
			t.Errorf("%+v, want it lost when the node was last named", got[0])
		}
	})
}

func TestMigrationIsMadeOnceAndOnlyForward(t *testing.T) {
	address := "sqlite:" + filepath.Join(t.TempDir(), "history.db")
	for range 2 {
		s, err := Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		write(t, s, in("e1", login("n1/1", "alice", "n1", 1000)))
		s.Close()
	}
	s := open(t, address)
	if _, err := s.db.Exec(`UPDATE rollcall_version SET version = 99`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), address); err == nil {
		t.Error("a database of a later version is opened")
	}
}

func TestAddressesOfDatabasesAreChecked(t *testing.T) {
	for _, bad := range []string{"", "history.db", "sqlite:", "mysql://x", "postgres://%zz"} {
		if err := Check(bad); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"sqlite:a.db", "postgres://u:p@localhost/x", "postgresql:///x"} {
		if err := Check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
