package channels

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

var plays = flag.Int("plays", 150, "random runs of a view beside its model")

// TestViewEqualsModel runs a view beside a model that recomputes everything, and
// holds against it what the view answers, tells and flushes.
func TestViewEqualsModel(t *testing.T) {
	for seed := range uint64(*plays) {
		p := newPlay(t, seed)
		for range 150 {
			p.step()
			p.check(seed)
		}
		p.goHome(seed)
	}
}

// TestSameCallsGiveTheSame runs the same calls on two views: what is told in
// order must not depend on the order of a map.
func TestSameCallsGiveTheSame(t *testing.T) {
	for seed := range uint64(20) {
		one, two := newPlay(t, seed), newPlay(t, seed)
		for range 150 {
			one.step()
			two.step()
			if a, b := one.everything(), two.everything(); a != b {
				t.Fatalf("seed %d: told\n%s and\n%s", seed, a, b)
			}
		}
	}
}

// everything takes all that the view tells, as text.
func (p *play) everything() string {
	text := fmt.Sprintf("%+v %s %v %+v", p.v.Events(), list(p.wrote), p.v.Dirty(), p.v.ChangedUsers())
	p.wrote = nil
	for _, c := range testChannels {
		d, _ := p.v.Flush(c)
		text += fmt.Sprintf("%+v", d)
	}
	for s := range p.v.Sessions() {
		text += fmt.Sprintf("%+v", s)
	}
	return text + fmt.Sprintf("%v", p.v.Seen(p.now))
}

// check compares after each step.
func (p *play) check(seed uint64) {
	p.t.Helper()
	defer func() {
		if p.t.Failed() {
			n := len(p.trace)
			for _, line := range p.trace[max(0, n-40):] {
				p.t.Log(line)
			}
			p.t.FailNow()
		}
	}()
	p.replay(seed)
	p.again(seed)
	for _, c := range testChannels {
		want := p.m.roster(c)
		p.same(seed, "roster of "+c, p.roster(c), want)
		p.same(seed, "events of "+c, p.state[c], want)
		if p.rng.IntN(3) == 0 {
			p.flush(seed, c)
			p.same(seed, "diffs of "+c, p.told[c], want)
		}
		p.checkCounts(seed, c, want)
	}
	asked := p.rng.IntN(3) == 0
	if asked {
		p.hear(seed)
	}
	for _, name := range testUsers[1:] {
		p.checkUser(seed, name)
		if asked && !p.v.User(name).SameFor(p.heard[name]) {
			p.t.Errorf("seed %d: followers of %s know %+v", seed, name, p.heard[name])
		}
	}
	if st := p.v.Stats(); st.Users != len(p.m.users) || st.Sessions != len(p.conns) {
		p.t.Errorf("seed %d: %d users, %d sessions, want %d, %d", seed, st.Users, st.Sessions, len(p.m.users), len(p.conns))
	}
}

func (p *play) same(seed uint64, what string, got, want map[string]Member) {
	p.t.Helper()
	if !maps.Equal(got, want) {
		p.t.Errorf("seed %d: %s is\n%+v, want\n%+v", seed, what, got, want)
	}
}

func (p *play) roster(c string) map[string]Member {
	all := map[string]Member{}
	for m := range p.v.Members(c) {
		all[m.User] = m
	}
	return all
}

func (p *play) checkCounts(seed uint64, c string, want map[string]Member) {
	holds := 0
	for k, m := range p.m.members {
		if k.channel == c && m.visible {
			holds += m.count
		}
	}
	if users, sessions := p.v.Count(c); users != len(want) || sessions != holds {
		p.t.Errorf("seed %d: %s counts %d users, %d sessions, want %d, %d", seed, c, users, sessions, len(want), holds)
	}
	if page := search(p.v, c, "", 10); !slices.Equal(page, slices.Sorted(maps.Keys(want))) {
		p.t.Errorf("seed %d: page %q of %d members", seed, page, len(want))
	}
}

func (p *play) checkUser(seed uint64, name string) {
	got, _ := p.v.Details(name)
	want := UserInfo{User: name, Status: StatusOffline, LastSeen: p.m.seen[name]}
	chosen, conn := StatusOnline, State(0)
	if u := p.m.users[name]; u != nil {
		chosen, conn, want.Text = u.chosen, u.conn, u.text
		if u.status != StatusOffline {
			want = UserInfo{User: name, Status: u.status, Since: u.since, LastActivity: u.lastActivity, Text: u.text}
		}
	}
	if got.UserInfo != want || got.Chosen != chosen || got.Connection != conn {
		p.t.Errorf("seed %d: user is %+v, want %+v %v %v", seed, got, want, chosen, conn)
	}
	if told := p.people[name]; told != want.Status && (told != 0 || want.Status != StatusOffline) {
		p.t.Errorf("seed %d: events say that %s is %v, want %v", seed, name, told, want.Status)
	}
	if u := p.v.users[name]; u != nil {
		p.checkCopies(seed, u)
	}
}

// hear takes the changes of followed users, each of which has to be one.
func (p *play) hear(seed uint64) {
	for _, u := range p.v.ChangedUsers() {
		if u.SameFor(p.heard[u.User]) {
			p.t.Errorf("seed %d: followers know %+v already", seed, u)
		}
		p.heard[u.User] = u.UserInfo
	}
}

// checkCopies sees that every own session carries the winner.
func (p *play) checkCopies(seed uint64, u *user) {
	for s := u.sessions; s != nil; s = s.next {
		if s.origin == p.v.own && !s.isKept() && u.choice != nil && (s.rec.Choice == nil || *s.rec.Choice != *u.choice) {
			p.t.Errorf("seed %d: session %d has choice %v, the winner is %v", seed, s.rec.ID, s.rec.Choice, u.choice)
		}
	}
}

// replay applies the events to what earlier ones gave. None may say what is so already.
func (p *play) replay(seed uint64) {
	for _, e := range p.v.Events() {
		key := fmt.Sprint(e.Origin, e.Session)
		old, here := p.state[e.Channel][e.User]
		idle := false
		switch e.Kind {
		case SessionConnected:
			idle = p.conns[key]
			p.conns[key] = true
		case SessionDisconnected:
			idle = !p.conns[key]
			delete(p.conns, key)
		case UserChanged:
			p.people[e.User] = e.Status
		case ChannelJoined:
			idle = here
			p.state[e.Channel][e.User] = e.Member
		case ChannelUpdated:
			idle = !here || old == e.Member
			p.state[e.Channel][e.User] = e.Member
		case ChannelLeft:
			idle = !here
			want := p.m.reasons[memberKey{e.Channel, e.User}]
			if p.m.members[memberKey{e.Channel, e.User}] != nil {
				want = ReasonHidden
			}
			if e.Reason != want {
				p.t.Errorf("seed %d: %s left %s because %v, want %v", seed, e.User, e.Channel, e.Reason, want)
			}
			delete(p.state[e.Channel], e.User)
		}
		if idle {
			p.t.Errorf("seed %d: event %+v tells nothing new", seed, e)
		}
	}
}

// again repeats the last step at the same moment: nothing may come of it.
func (p *play) again(seed uint64) {
	if p.last == nil || p.rng.IntN(2) == 0 {
		return
	}
	p.last()
	if e, w := p.v.Events(), p.v.Writes(); len(e)+len(w) > 0 {
		p.t.Errorf("seed %d: applied twice, %+v %s", seed, e, list(w))
	}
}

func (p *play) flush(seed uint64, c string) {
	d, changed := p.v.Flush(c)
	if !changed {
		return
	}
	if d.Version != p.vers[c]+1 || p.v.Version(c) != d.Version {
		p.t.Errorf("seed %d: version %d after %d", seed, d.Version, p.vers[c])
	}
	p.vers[c] = d.Version
	roster := p.told[c]
	for _, m := range d.Join {
		if _, here := roster[m.User]; here {
			p.t.Errorf("seed %d: %s joins twice", seed, m.User)
		}
		roster[m.User] = m
	}
	for _, m := range d.Update {
		if old, here := roster[m.User]; !here || old == m {
			p.t.Errorf("seed %d: update of %+v tells nothing", seed, m)
		}
		roster[m.User] = m
	}
	for _, l := range d.Leave {
		if _, here := roster[l.User]; !here || l.Reason == 0 || l.Reason == ReasonHidden {
			p.t.Errorf("seed %d: leave %+v", seed, l)
		}
		delete(roster, l.User)
	}
	if d.Count != len(roster) {
		p.t.Errorf("seed %d: count %d, want %d", seed, d.Count, len(roster))
	}
}

// goHome ends everybody, and nothing may be left of them.
func (p *play) goHome(seed uint64) {
	for _, pe := range p.peers {
		p.v.Lost(p.now, pe.id, 1)
	}
	for _, id := range p.own {
		p.v.Close(p.now, id, ReasonLeft)
	}
	for _, c := range testChannels {
		p.v.Unfollow(c)
	}
	for _, name := range testUsers[1:] {
		p.v.UnfollowUser(name)
	}
	p.now.Run += testTimeout + time.Second
	p.v.Tick(p.now)
	p.v.Dirty()
	if n := size(p.v); n != 0 {
		p.t.Fatalf("seed %d: %d things left of nobody: %+v", seed, n, p.v.Stats())
	}
}
