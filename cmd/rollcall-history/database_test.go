//go:build unix

package main

import (
	"fmt"
	"testing"

	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/pgtest"
	"github.com/rollcall-presence/rollcall/cmd/rollcall-history/store"
)

func TestNothingIsLostWhileTheDatabaseIsDead(t *testing.T) {
	var server pgtest.Server
	defer server.Stop()
	s, err := store.Open(t.Context(), server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := newCluster()
	defer record(t, s, c.node(t).URL)()
	c.streaming(t)
	c.connect("before", "alice")
	settled(t, c, s)

	server.Kill()
	c.disconnect("before")
	for i := range 2 * maxBatch {
		c.connect(fmt.Sprint("meanwhile-", i), "bob")
		c.disconnect(fmt.Sprint("meanwhile-", i))
	}
	c.connect("after", "carol")
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	settled(t, c, s)
	rows := map[string]int{}
	for _, user := range []string{"alice", "bob", "carol"} {
		for connection, err := range s.Connections(t.Context(), user, 10*maxBatch) {
			if err != nil {
				t.Fatal(err)
			}
			rows[user]++
			if ended := connection.Logout != 0; ended == (user == "carol") || ended && connection.Reason != "closed" {
				t.Errorf("%+v", connection)
			}
		}
	}
	if rows["alice"] != 1 || rows["bob"] != 2*maxBatch || rows["carol"] != 1 {
		t.Errorf("%v connections", rows)
	}
}
