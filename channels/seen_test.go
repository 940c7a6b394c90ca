package channels

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestLastSeenIsKeptForADay(t *testing.T) {
	v := newView()
	s := v.Open(at(0), Opening{User: "alice"})
	v.Close(at(1000), s, ReasonLeft)
	if got := v.LastSeen("alice"); got != at(1000).Wall {
		t.Fatalf("last seen %d", got)
	}
	day := at(1000 + 24*3600*1000)
	v.Tick(at(1000 + 24*3600*1000 - 1))
	if next, any := v.Next(); !any || next != day.Run || v.LastSeen("alice") == 0 {
		t.Fatalf("next %v %v", next, any)
	}
	v.Tick(day)
	if v.LastSeen("alice") != 0 {
		t.Fatal("remembered for more than a day")
	}
	s = v.Open(day, Opening{User: "alice"})
	v.Close(day, s, ReasonLeft)
	v.Open(day, Opening{User: "alice"})
	if v.LastSeen("alice") != 0 {
		t.Fatal("last seen of somebody who is here")
	}
}

func TestWhoWasNeverShownWasNotSeen(t *testing.T) {
	v := newView()
	v.Apply(at(0), nodeB, []Change{putS(1, "alice", Broken)}, 1)
	v.Lost(at(1), nodeB, 1)
	if v.LastSeen("alice") != 0 {
		t.Fatal("who was never shown was seen")
	}
}

func TestLastSeenIsBoundedOldestOutFirst(t *testing.T) {
	v := New(Config{Self: self, MaxSeen: 3})
	for i := range int64(5) {
		s := v.Open(at(i), Opening{User: fmt.Sprint("user", i)})
		v.Close(at(i), s, ReasonLeft)
	}
	if v.LastSeen("user1") != 0 || v.LastSeen("user2") == 0 {
		t.Fatal("not the oldest were forgotten")
	}
	if st := v.Stats(); st.Seen != 3 || st.SeenDropped != 2 {
		t.Fatalf("%+v", st)
	}
}

func TestLastSeenIsHandedOnAsAnAge(t *testing.T) {
	v := newView()
	for i, name := range []string{"alice", "bob", "carol"} {
		s := v.Open(at(0), Opening{User: name})
		v.Close(at(int64(1000*i)), s, ReasonLeft)
	}
	ages := v.Seen(at(5000))
	want := []Seen{{"carol", 3 * time.Second}, {"bob", 4 * time.Second}, {"alice", 5 * time.Second}}
	if !reflect.DeepEqual(ages, want) {
		t.Fatalf("ages %v, want %v", ages, want)
	}
	young := New(Config{Self: nodeB}) // its clock is another, and it knows better of two
	young.Open(Now{1, 77}, Opening{User: "carol"})
	s := young.Open(Now{1, 77}, Opening{User: "bob"})
	now := Now{2 * time.Second, 9_000_000}
	young.Close(now, s, ReasonLeft)
	for range 2 {
		young.LearnSeen(now, append(ages, Seen{"dave", 25 * time.Hour}, Seen{"erin", -time.Hour}))
	}
	for name, want := range map[string]int64{"alice": now.Wall - 5000, "bob": now.Wall, "carol": 0, "dave": 0, "erin": now.Wall} {
		if got := young.LastSeen(name); got != want {
			t.Errorf("last seen of %s %d, want %d", name, got, want)
		}
	}
}
