package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-presence/rollcall/node/client"
	"github.com/rollcall-presence/rollcall/node/protocol"
)

// awayHold is how long an online user stays so before she is away: design page, Status.
const awayHold = time.Second

// follow has a tab follow users, and returns what they are now.
func (b *tab) follow(users ...string) []client.UserStatus {
	b.w.Helper()
	return b.do(client.Request{Type: "follow", Users: users}).Users
}

// told is what a tab was told of a followed user.
type told struct {
	at time.Time
	client.UserStatus
}

// told returns all that the tab was told of a followed user since it followed her.
func (b *tab) told(user string) (all []told) {
	for _, m := range b.all("user") {
		if m.User.User == user {
			all = append(all, told{m.at, *m.User})
		}
	}
	return all
}

// wantTold fails the test unless the tab was told exactly these statuses of a user.
func (b *tab) wantTold(user string, want ...string) []told {
	b.w.Helper()
	synctest.Wait()
	var got []string
	all := b.told(user)
	for _, t := range all {
		got = append(got, t.Status)
	}
	if !slices.Equal(got, want) {
		b.w.Fatalf("%s was told of %s: %v, want %v", b.user, user, got, want)
	}
	return all
}

func (b *tab) choose(status, text string) {
	b.send(client.Request{Type: "status", Status: status, Text: text})
	synctest.Wait()
}

func (b *tab) state(state string, idle time.Duration) {
	b.send(client.Request{Type: "state", State: state, Idle: idle.Milliseconds()})
	synctest.Wait()
}

func TestFirstChangeOfAUserIsToldAtOnceAndTheNextTogether(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		nodes := w.cluster(2)
		bob := w.open(nodes[0], "bob")
		for _, n := range nodes {
			alice := w.open(n, "alice@"+n.host)
			alice.follow("bob")
			time.Sleep(time.Second)
			start := time.Now()
			for i := range 10 {
				bob.choose("busy", fmt.Sprint("text ", i))
				time.Sleep(time.Millisecond)
			}
			time.Sleep(settled)
			all := alice.wantTold("bob", "busy", "busy")
			w.wantAfter("the first", start, all[0].at, 0, 2*time.Millisecond)
			w.wantAfter("the others", all[0].at, all[1].at, batch, time.Millisecond)
			if all[0].Text != "text 0" || all[1].Text != "text 9" {
				t.Errorf("told %q and %q, want the first and the last", all[0].Text, all[1].Text)
			}
			bob.choose("online", "")
			alice.cut()
		}
	})
}

func TestChangeOfAUserUndoneWithinABatchIsNotTold(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		n := w.cluster(1)[0]
		alice, bob := w.open(n, "alice"), w.open(n, "bob")
		alice.follow("bob")
		time.Sleep(time.Second)
		bob.choose("busy", "")
		bob.choose("away", "")
		carol := w.open(n, "carol")
		if got := carol.follow("bob"); got[0].Status != "away" { // the newest, though others have still to be told
			t.Errorf("a new follower is told %v, want away", got)
		}
		bob.choose("busy", "")
		time.Sleep(settled)
		alice.wantTold("bob", "busy")
		carol.wantTold("bob", "busy")
		bob.bye()
		synctest.Wait()           // or his next socket may be quicker, and he never gone
		again := w.open(n, "bob") // at once
		again.choose("busy", "")
		time.Sleep(settled)
		alice.wantTold("bob", "busy", "offline", "busy")
	})
}

func TestFollowersAreToldOfTheMomentsOfAUser(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		nodes := w.cluster(2)
		alice, ann := w.open(nodes[0], "alice"), w.open(nodes[1], "ann")
		all := func(want ...string) (at time.Time) {
			t.Helper()
			alice.wantTold("bob", want...)
			told := ann.wantTold("bob", want...)
			return told[len(told)-1].at
		}
		alice.follow("bob")
		ann.follow("bob")
		bob := w.open(nodes[0], "bob")
		time.Sleep(time.Second)
		all("online")

		tick := nodes[0].tick()
		bob.state("away", 0)
		time.Sleep(awayHold - 10*time.Millisecond)
		bob.state("online", 0) // a switch of tabs
		time.Sleep(time.Minute)
		all("online")
		start := time.Now()
		bob.state("away", 0)
		time.Sleep(5 * time.Second)
		w.wantAfter("away", start, all("online", "away"), awayHold, tick+settled)

		start = time.Now()
		bob.cut()
		time.Sleep(2 * time.Second)
		bob = w.open(nodes[1], "bob") // within the grace, and active
		time.Sleep(time.Minute)
		w.wantAfter("back", start, all("online", "away", "online"), 2*time.Second, settled)

		start = time.Now()
		bob.cut()
		time.Sleep(time.Minute)
		grace := nodes[1].cfg.Grace
		w.wantAfter("offline", start, all("online", "away", "online", "offline"), grace, tick+settled)

		w.openAs(nodes[0], "bob", client.Hello{Token: w.token("bob", time.Minute)})
		start = time.Now()
		time.Sleep(2 * time.Minute)
		leeway := nodes[0].cfg.Auth.Leeway
		w.wantAfter("expired", start, all("online", "away", "online", "offline", "online", "offline"), time.Minute+leeway, tick+settled)
	})
}

func TestUserOnTwoNodesStaysWhenOneOfThemDies(t *testing.T) {
	inWorld(t, 4, func(w *world) {
		nodes := w.cluster(3)
		alice, watcher := w.open(nodes[0], "alice"), w.watchers("room", nodes[0])[0]
		alice.follow("bob", "carol")
		for i, n := range []*virtual{nodes[1], nodes[2], nodes[2]} {
			w.open(n, []string{"bob", "bob", "carol"}[i]).join("room")
		}
		watcher.wantNews("room join of bob", "room join of carol")
		time.Sleep(time.Second)
		start := time.Now()
		w.crash(nodes[2])
		time.Sleep(time.Minute)
		watcher.wantNews("room leave of carol node_lost")
		alice.wantTold("bob", "online")
		all := alice.wantTold("carol", "online", "offline")
		if late := all[1].at.Sub(start); late > nodes[0].cfg.Timeout+500*time.Millisecond {
			t.Errorf("told %v after the crash", late)
		}
	})
}

func TestSlowFollowerOfUsersIsToldTheNewestOfEach(t *testing.T) {
	inWorld(t, 5, func(w *world) {
		n := w.cluster(1)[0]
		const users, rounds = 30, 90
		var people []*tab
		var names []string
		for i := range users {
			people = append(people, w.open(n, fmt.Sprint("user-", i)))
			names = append(names, people[i].user)
		}
		slow, quick := w.open(n, "slow"), w.open(n, "quick")
		slow.follow(names...)
		quick.follow(names...)
		slow.stall(true)
		most := int64(0)
		for i := range rounds { // 1 MB
			for _, b := range people {
				b.choose("busy", fmt.Sprint(i, strings.Repeat("x", 200)))
			}
			time.Sleep(batch)
			synctest.Wait()
			most = max(most, n.acceptor.Stats().Queued.Load())
		}
		people[0].bye()
		people[1].choose("online", "")
		slow.ask(client.Request{Type: "unfollow", Users: names[2:3]})
		time.Sleep(settled)
		if most == 0 || most > queueBound {
			t.Errorf("%d bytes waited, want some, and at most %d", most, queueBound)
		}
		if got := len(quick.all("user")); got < users*rounds {
			t.Errorf("the quick follower was told %d times, want %d", got, users*rounds)
		}
		slow.stall(false)
		time.Sleep(time.Second)
		for i, name := range names {
			got, want := slow.told(name), quick.told(name)
			if last := got[len(got)-1]; i != 2 && last.UserStatus != want[len(want)-1].UserStatus {
				t.Errorf("of %s the slow follower knows %v", name, last.UserStatus)
			}
			if len(got) >= len(want) {
				t.Errorf("of %s the slow follower was told all %d changes: it missed nothing", name, len(got))
			}
			if !slices.IsSortedFunc(got, byRound) {
				t.Errorf("of %s the slow follower was told something older after something newer", name)
			}
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.stats.ToldLate < users-1 {
			t.Errorf("%d were counted as told late, want at least %d", n.stats.ToldLate, users-1)
		}
	})
}

// byRound orders what was told by the round in its text. What has none came last.
func byRound(a, b told) int {
	var i, j int
	if n, _ := fmt.Sscan(strings.TrimRight(a.Text, "x"), &i); n == 0 {
		i = 1 << 20
	}
	if n, _ := fmt.Sscan(strings.TrimRight(b.Text, "x"), &j); n == 0 {
		j = 1 << 20
	}
	return i - j
}

func TestAnswersToFollowsOfASlowClientComeInOrderAndAreBounded(t *testing.T) {
	inWorld(t, 6, func(w *world) {
		n := w.cluster(1)[0]
		talker := w.open(n, "talker")
		talker.join("room")
		talker.choose("busy", strings.Repeat("x", 250))
		slow := w.open(n, "slow")
		slow.watch("room")
		slow.stall(true)
		if most := talker.flood(n, "room", 150); most < 256<<10-8<<10 {
			t.Fatalf("%d bytes wait, want the queue to be full", most)
		}
		var names []string
		for i := range 200 {
			names = append(names, fmt.Sprint("somebody-", i))
		}
		names[0] = "talker"
		for range 2 {
			slow.ask(client.Request{Type: "follow", Users: names}, client.Request{Type: "sync", Channel: "room"},
				client.Request{Type: "unfollow", Users: names[:1]}, client.Request{Type: "follow", Users: names[:1]})
		}
		talker.choose("away", "")
		time.Sleep(settled)
		slow.stall(false)
		w.until("every answer came", time.Minute, func() bool { return slow.unanswered() == 0 })
		slow.wantSound()
		for _, m := range slow.all("users") {
			if got := m.Users[0]; got.User != "talker" || got.Status != "away" {
				t.Errorf("told %+v when there was room, want the newest", got)
			}
		}
		slow.wantTold("talker") // the answers had said so
		talker.choose("busy", "")
		time.Sleep(settled)
		slow.wantTold("talker", "busy")

		slow.stall(true)
		talker.flood(n, "room", 150)
		for range maxAsked/200 + 1 {
			slow.send(client.Request{Type: "follow", Users: names})
		}
		synctest.Wait()
		slow.stall(false)
		slow.wantClosed(time.Minute, protocol.CloseOverload)
		synctest.Wait()
		n.mu.Lock()
		defer n.mu.Unlock()
		if len(n.people) > 0 {
			t.Errorf("%d people are followed by nobody", len(n.people))
		}
	})
}

// Words are delivered without a lock around them all, and so in any order.
func TestWordIsToldOnceAndNeverAfterANewerOne(t *testing.T) {
	inWorld(t, 7, func(w *world) {
		n := w.cluster(1)[0]
		alice, bob := w.open(n, "alice"), w.open(n, "bob")
		alice.follow("bob")
		bob.choose("busy", "")
		follower := n.people["bob"].ties[0]
		busy := follower.told
		time.Sleep(settled)
		bob.choose("away", "")
		alice.wantTold("bob", "busy", "away")

		telling{follower, busy}.tell() // by somebody who is late
		alice.wantTold("bob", "busy", "away")
		newer := *busy
		newer.version = follower.told.version + 1
		follower.held = true // the answer to a follow says it
		telling{follower, &newer}.tell()
		alice.wantTold("bob", "busy", "away")
		follower.held = false
		n.step(func(time.Time) {
			follower.owe() // though nothing is new
			n.resync(follower.conn)
		})
		alice.wantTold("bob", "busy", "away")
		telling{follower, &newer}.tell()
		alice.wantTold("bob", "busy", "away", "busy")
	})
}

// user takes the user of a message of that type, which others have a name in place of.
func (m *heard) user(line []byte) {
	var u struct{ User *client.UserStatus }
	if err := json.Unmarshal(line, &u); err != nil {
		panic(err)
	}
	m.User = u.User
}
