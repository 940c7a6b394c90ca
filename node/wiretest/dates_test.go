package wiretest

import (
	"testing"
	"time"
)

// Who claims no follow is told dates only of those with whom she shares a channel.

func TestDatesAreToldOnlyOfWhomOneSharesAChannelWith(t *testing.T) {
	w := newWorld(t)
	bob := w.helloWith(here, "bob~", `,"state":"away","idle":60000`)
	bob.join("room~", "bob~")
	alice, stranger, friend := w.hello(here, "alice~"), w.hello(here, "stranger~"), w.hello(here, "friend~", w.withFollow("bob~"))
	bare, dated := `"user":"bob~","status":"away","since":"*"`, `"user":"bob~","status":"away","since":"*","lastActivity":"*"`
	stranger.join("other~", "stranger~")
	stranger.follow([]string{"bob~"}, bare)
	friend.follow([]string{"bob~"}, dated)
	alice.join("room~", "bob~", "alice~")
	m := alice.follow([]string{"bob~"}, dated)
	w.wantAgo(m, m.Users[0].LastActivity, time.Minute)
	bob.seesJoin("room~", "alice~")
	bob.ask(`{"type":"status","id":2,"status":"away","text":"lunch"}`, `{"type":"ok","id":2}`)
	stranger.told(bare + `,"text":"lunch"`)
	friend.told(dated + `,"text":"lunch"`)
	alice.told(dated + `,"text":"lunch"`)
	bob.send(`{"type":"bye"}`)
	stranger.told(`"user":"bob~","status":"offline"`)
	friend.told(`"user":"bob~","status":"offline","lastSeen":"*"`)
	alice.wantAll(`{"type":"diff","channel":"room~","version":"*","count":1,"leave":[{"user":"bob~","reason":"left"}]}`,
		`{"type":"user","user":{"user":"bob~","status":"offline","lastSeen":"*"}}`) // they did share until then
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"offline","lastSeen":"*"`) // nothing new to her
	again := w.hello(here, "alice~")
	again.follow([]string{"bob~"}, `"user":"bob~","status":"offline"`)
	again.join("room~", "alice~") // in which he was once
	again.follow([]string{"bob~"}, `"user":"bob~","status":"offline"`)
	for _, c := range []*client{stranger, friend} {
		c.alive()
	}
}

func TestLastSeenIsNotToldOfWhoLeftTheSharedChannelBefore(t *testing.T) {
	w := newWorld(t)
	bob, alice := w.hello(here, "bob~"), w.hello(here, "alice~")
	bob.join("room~", "bob~")
	alice.join("room~", "bob~", "alice~")
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"online","since":"*"`)
	bob.send(`{"type":"leave","channel":"room~"}`)
	alice.seesLeave("room~", "bob~", "left")
	bob.send(`{"type":"bye"}`)
	alice.told(`"user":"bob~","status":"offline"`)
}

func TestLastSeenIsToldWhenWhoSharedAChannelHides(t *testing.T) {
	w := newWorld(t)
	ann, bob, alice := w.hello(there, "ann~"), w.hello(here, "bob~"), w.hello(here, "alice~")
	bob.join("room~", "bob~")
	alice.join("room~", "bob~", "alice~")
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"online","since":"*"`)
	ann.awaits("room~", "bob~", "alice~")
	ann.follow([]string{"bob~"}, `"user":"bob~","status":"online","since":"*"`)
	bob.send(`{"type":"status","status":"offline"}`)
	leave := `{"type":"diff","channel":"room~","version":"*","count":1,"leave":[{"user":"bob~","reason":"left"}]}`
	alice.wantAll(leave, `{"type":"user","user":{"user":"bob~","status":"offline","lastSeen":"*"}}`)
	ann.wantAll(leave, `{"type":"user","user":{"user":"bob~","status":"offline"}}`) // she only watches
}

// That somebody hidden is in a channel must not show in what is told because of it.
func TestHiddenMemberSharesNoChannelForOthers(t *testing.T) {
	w := newWorld(t)
	bob := w.hello(here, "bob~")
	bob.ask(`{"type":"status","id":2,"status":"offline"}`, `{"type":"ok","id":2}`)
	bob.join("room~")
	alice := w.hello(here, "alice~")
	alice.join("room~", "alice~")
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"offline"`) // though the node knows when he hid
	friend := w.hello(here, "friend~", w.withFollow("bob~"))
	friend.follow([]string{"bob~"}, `"user":"bob~","status":"offline","lastSeen":"*"`)
}

func TestHiddenFollowerSharesTheChannelsSheIsIn(t *testing.T) {
	w := newWorld(t)
	bob := w.helloWith(here, "bob~", `,"state":"away","idle":60000`)
	bob.join("room~", "bob~")
	alice := w.helloWith(here, "alice~", `,"status":"offline"`)
	alice.join("room~", "bob~")
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"away","since":"*","lastActivity":"*"`)
	bob.alive()
}

func TestSharingThatBeginsLaterIsNoticed(t *testing.T) {
	w := newWorld(t)
	ann := w.hello(there, "ann~") // first: that node may be starting, and then knows no since
	bob := w.helloWith(here, "bob~", `,"state":"away","idle":60000`)
	alice, claims := w.hello(here, "alice~"), w.hello(here, "claims~", w.withFollow("bob~"))
	alice.join("hers~", "alice~")
	bob.join("his~", "bob~")
	dated := `"user":"bob~","status":"away","since":"*","lastActivity":"*"`
	alice.follow([]string{"bob~", "carol~"}, `"user":"bob~","status":"away","since":"*"`, `"user":"carol~","status":"offline"`)
	claims.follow([]string{"bob~"}, dated)
	ann.awaits("his~", "bob~")
	ann.follow([]string{"bob~"}, `"user":"bob~","status":"away","since":"*"`)
	t.Run("because the follower joins", func(t *testing.T) {
		w := w.part(t)
		ann.world, bob.world = w, w
		ann.send(`{"type":"join","id":3,"channel":"his~"}`)
		ann.wantAll(`{"type":"ok","id":3}`, `{"type":"diff","channel":"his~","version":"*","count":2,"join":[{"user":"ann~","since":"*"}]}`, `{"type":"user","user":{`+dated+`}}`)
		bob.seesJoin("his~", "ann~")
	})
	t.Run("because the followed user does", func(t *testing.T) {
		w := w.part(t)
		alice.world, bob.world = w, w
		bob.join("hers~", "alice~", "bob~")
		alice.wantAll(`{"type":"diff","channel":"hers~","version":"*","count":2,"join":[{"user":"bob~","since":"*","status":"away","lastActivity":"*"}]}`, `{"type":"user","user":{`+dated+`}}`)
	})
	t.Run("by another socket of the follower", func(t *testing.T) {
		w := w.part(t)
		one, two := w.hello(here, "dan~"), w.hello(there, "dan~")
		one.follow([]string{"bob~"}, `"user":"bob~","status":"away","since":"*"`)
		two.send(`{"type":"join","channel":"his~"}`)
		one.told(dated)
	})
	claims.alive() // for whom nothing changed
}

func TestFollowsThatANewTokenDoesNotAllowEnd(t *testing.T) {
	w := newWorld(t)
	bob, carol, alice := w.hello(here, "bob~"), w.hello(here, "carol~"), w.hello(here, "alice~")
	alice.follow([]string{"dan~", "carol~", "bob~"}, `"user":"dan~","status":"offline"`,
		`"user":"carol~","status":"online","since":"*"`, `"user":"bob~","status":"online","since":"*"`)
	alice.send(`{"type":"token","id":2,"token":"` + w.token("alice~", w.withFollow("carol~")) + `"}`)
	alice.want(`{"type":"unfollowed","names":["bob~","dan~"],"code":"forbidden"}`)
	alice.want(`{"type":"ok","id":2,"user":"alice~","expires":"*"}`)
	bob.ask(`{"type":"status","id":2,"status":"busy"}`, `{"type":"ok","id":2}`)
	carol.ask(`{"type":"status","id":2,"status":"busy"}`, `{"type":"ok","id":2}`)
	alice.told(`"user":"carol~","status":"busy","since":"*"`)
	alice.send(`{"type":"follow","id":3,"users":["bob~"]}`)
	alice.wantError(3, "forbidden")
}

func TestRefusedTokenEndsNoFollow(t *testing.T) {
	w := newWorld(t)
	alice := w.hello(here, "alice~")
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"offline"`)
	alice.send(`{"type":"token","id":2,"token":"` + w.token("alice~", w.withFollow(), expired) + `"}`)
	alice.wantError(2, "expired")
	w.hello(here, "bob~")
	alice.told(`"user":"bob~","status":"online","since":"*"`)
}

func TestTokenThatClaimsToFollowTellsTheDates(t *testing.T) {
	w := newWorld(t)
	bob, alice := w.hello(here, "bob~"), w.hello(here, "alice~")
	alice.follow([]string{"bob~"}, `"user":"bob~","status":"online","since":"*"`)
	bob.send(`{"type":"bye"}`)
	alice.told(`"user":"bob~","status":"offline"`)
	alice.send(`{"type":"token","id":2,"token":"` + w.token("alice~", w.withFollow("bob~")) + `"}`)
	alice.told(`"user":"bob~","status":"offline","lastSeen":"*"`)
	alice.want(`{"type":"ok","id":2,"user":"alice~","expires":"*"}`)
	alice.send(`{"type":"token","id":3,"token":"` + w.token("alice~", w.withFollow("bob~")) + `"}`)
	alice.want(`{"type":"ok","id":3,"user":"alice~","expires":"*"}`) // and nothing that she knows
}

func TestTokenOfAnotherUserIsToldWhatThatOneMayKnow(t *testing.T) {
	w := newWorld(t)
	bob := w.helloWith(here, "bob~", `,"state":"away","idle":60000`)
	bob.join("room~", "bob~")
	c := w.hello(here, "alice~")
	c.join("room~", "bob~", "alice~")
	bob.seesJoin("room~", "alice~")
	c.follow([]string{"bob~"}, `"user":"bob~","status":"away","since":"*","lastActivity":"*"`)
	c.send(`{"type":"token","id":2,"token":"` + w.token("zoe~", w.owned("other~")) + `"}`)
	c.want(`{"type":"ended","channel":"room~","code":"forbidden"}`)
	c.told(`"user":"bob~","status":"away","since":"*"`) // zoe is in no room of his
	c.wantSession(`{"type":"ok","id":2,"user":"zoe~","expires":"*","session":"*"}`)
	bob.seesLeave("room~", "alice~", "logout")
	bob.ask(`{"type":"status","id":3,"status":"away","text":"x"}`, `{"type":"ok","id":3}`)
	c.told(`"user":"bob~","status":"away","since":"*","text":"x"`)
}

func TestLogoutEndsAllFollows(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.hello(open, "alice~"), w.hello(open, "bob~")
	alice.follow([]string{"bob~", "carol~"}, `"user":"bob~","status":"online","since":"*"`, `"user":"carol~","status":"offline"`)
	alice.send(`{"type":"logout","id":2}`)
	alice.want(`{"type":"unfollowed","names":["bob~","carol~"],"code":"unauthorized"}`)
	alice.wantSession(`{"type":"ok","id":2,"user":null,"expires":null,"session":"*"}`)
	bob.ask(`{"type":"status","id":2,"status":"busy"}`, `{"type":"ok","id":2}`)
	w.hello(open, "carol~")
	alice.alive()
}
