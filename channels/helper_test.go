package channels

import (
	"slices"
	"testing"
	"time"
	"unsafe"
)

// The nodes of the tests. The view under test is self's.
var self, nodeB, nodeC, nodeD = NodeID{1}, NodeID{2}, NodeID{3}, NodeID{4}

const (
	testGrace   = 3 * time.Second
	testTimeout = 13 * time.Second
)

// at is the moment of so many milliseconds; the wall clock shows them plus 1e6.
func at(ms int64) Now { return Now{time.Duration(ms) * time.Millisecond, 1e6 + ms} }

// newView returns a view of self that has learned the cluster.
func newView() *View {
	v := New(Config{Self: self, Grace: testGrace, Timeout: testTimeout})
	v.Learned()
	return v
}

func putS(id uint64, user string, state State) Change {
	return Change{Session: &Session{ID: id, User: user, State: state}}
}

func putM(id, session uint64, channel string) Change {
	return Change{Membership: &Membership{ID: id, Session: session, Channel: channel, Since: 5000}}
}

// ended returns the end of what a put put.
func ended(c Change, reason Reason, elsewhere ...Place) Change {
	c.End = &End{Reason: reason, Elsewhere: elsewhere}
	return c
}

// in returns the visible members of a channel in order of arrival.
func in(v *View, channel string) (users []string) {
	for m := range v.Members(channel) {
		users = append(users, m.User)
	}
	return users
}

func wantIn(t *testing.T, v *View, channel string, users ...string) {
	t.Helper()
	if got := in(v, channel); !slices.Equal(got, users) {
		t.Fatalf("members of %s are %q, want %q", channel, got, users)
	}
}

// story returns the events since last asked as short lines.
func story(v *View) (lines []string) {
	for _, e := range v.Events() {
		switch e.Kind {
		case ChannelJoined:
			lines = append(lines, e.User+" joins "+e.Channel)
		case ChannelUpdated:
			lines = append(lines, e.User+" updates "+e.Channel)
		case ChannelLeft:
			lines = append(lines, e.User+" leaves "+e.Channel+": "+e.Reason.String())
		}
	}
	return lines
}

func wantStory(t *testing.T, v *View, lines ...string) {
	t.Helper()
	if got := story(v); !slices.Equal(got, lines) {
		t.Fatalf("events are %q, want %q", got, lines)
	}
}

// size counts everything a view holds on to because of somebody being here.
func size(v *View) int {
	n := len(v.users) + len(v.followedUsers) + len(v.channels) + len(v.waits) + len(v.leaving) + v.kept + len(v.names.blocks) +
		v.stats.Sessions + v.stats.Anonymous + v.stats.Members + len(v.touchedUsers) + len(v.touchedMembers)
	for _, o := range v.origins {
		n += len(o.sessions)
	}
	for _, due := range []bool{ok(v.grace.next(waiting)), ok(v.keeps.next(waiting)), ok(v.aways.next(turningAway))} {
		if due {
			n++
		}
	}
	return n + len(v.grace.items) + len(v.keeps.items) + len(v.aways.items)
}

func ok[T any](_ T, ok bool) bool { return ok }

// sameBytes reports whether two strings share their memory.
func sameBytes(a, b string) bool { return unsafe.StringData(a) == unsafe.StringData(b) }
