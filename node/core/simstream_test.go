package core

import (
	"fmt"
	"maps"
	"strings"

	"github.com/rollcall-presence/rollcall/channels"
	news "github.com/rollcall-presence/rollcall/node/events"
)

// reader is what somebody knows who reads a node's events from its sync on. Each event
// has to be news to him.
type reader struct {
	nodes    map[string]bool
	sessions map[string]string // node, user and status
	users    map[string]user
	members  map[string]string // channel and user: M
	told     map[string]bool   // ids
}

type user struct{ status, chosen, text string }

// sync begins to read a node's events.
func (n *node) sync() *reader {
	s := &reader{nodes: map[string]bool{}, sessions: map[string]string{}, users: map[string]user{}, members: map[string]string{}, told: map[string]bool{}}
	for p := range news.Sync(n.core.View.Snapshot(channels.AllKinds), n.id, nil, 0, 0) {
		for _, id := range p.Nodes {
			s.nodes[id.ID] = true
		}
		for _, e := range p.Sessions {
			s.sessions[e.ID] = fmt.Sprint(e.NodeID, " ", e.User, " ", e.Status)
		}
		for _, u := range p.Users {
			if u.Status != "offline" {
				s.users[u.User] = user{u.Status, u.Chosen, u.Text}
			}
		}
		for _, m := range p.Members {
			s.members[m.Channel+" "+m.Member.User] = string(news.Text(m.Member))
		}
	}
	return s
}

// take takes an event, and says what is wrong with it.
func (s *reader) take(e *news.Event) (problem string) {
	if s.told[e.ID] {
		return "was told before"
	}
	s.told[e.ID] = true
	was, is := false, true
	switch e.Type {
	case news.NodeJoined, news.NodeLost:
		was = s.nodes[e.NodeID]
		if is = e.Type == news.NodeJoined; is {
			s.nodes[e.NodeID] = true
		} else {
			delete(s.nodes, e.NodeID)
			for _, id := range e.Sessions {
				if !strings.HasPrefix(s.sessions[id], e.NodeID) {
					return "names the session " + id
				}
			}
		}
	case news.SessionConnected, news.SessionDisconnected, news.SessionAway, news.SessionOnline:
		return s.session(e)
	case news.UserOnline, news.UserAway, news.UserOffline, news.UserStatus:
		return s.user(e)
	case news.ChannelJoin, news.ChannelLeave, news.ChannelUpdate:
		return s.member(e)
	}
	if was == is {
		return "is no news"
	}
	return ""
}

func (s *reader) session(e *news.Event) string {
	was, known := s.sessions[e.Session]
	status := map[news.Type]string{news.SessionConnected: e.Status, news.SessionAway: "away", news.SessionOnline: "online"}[e.Type]
	is := fmt.Sprint(e.NodeID, " ", e.User, " ", status)
	switch {
	case known == (e.Type == news.SessionConnected), known && was == is:
		return "is no news"
	case e.Type == news.SessionDisconnected:
		delete(s.sessions, e.Session)
	default:
		s.sessions[e.Session] = is
	}
	return ""
}

// presences are what events tell of a status.
var presences = map[string]news.Type{"online": news.UserOnline, "busy": news.UserOnline, "away": news.UserAway, "offline": news.UserOffline, "": news.UserOffline}

func (s *reader) user(e *news.Event) string {
	was := s.users[e.User]
	is := user{e.Status, e.Chosen, e.Text}
	switch {
	case e.Type == news.UserStatus && is == was && !s.told["of "+e.User]: // the event before may have told as much
		return "is no news"
	case e.Type != news.UserStatus && (presences[was.status] == e.Type || presences[e.Status] != e.Type):
		return "is no news"
	case e.Status == "offline":
		delete(s.users, e.User)
	default:
		s.users[e.User] = is
	}
	s.told["of "+e.User] = e.Type != news.UserStatus
	return ""
}

func (s *reader) member(e *news.Event) string {
	key, is := e.Channel+" "+e.User, string(news.Text(e.Member))
	was, known := s.members[key]
	switch {
	case known == (e.Type == news.ChannelJoin), e.Type == news.ChannelUpdate && was == is:
		return "is no news"
	case e.Type == news.ChannelLeave:
		delete(s.members, key)
	default:
		s.members[key] = is
	}
	return ""
}

// differs says how what was told differs from what a node shows; empty: it does not.
func (s *reader) differs(n *node) string {
	is := n.sync()
	switch {
	case !maps.Equal(s.nodes, is.nodes):
		return fmt.Sprint("nodes ", s.nodes, ", not ", is.nodes)
	case !maps.Equal(s.sessions, is.sessions):
		return fmt.Sprint("sessions ", s.sessions, ", not ", is.sessions)
	case !maps.Equal(s.users, is.users):
		return fmt.Sprint("users ", s.users, ", not ", is.users)
	case !maps.Equal(s.members, is.members):
		return fmt.Sprint("members ", s.members, ", not ", is.members)
	}
	return ""
}

// stream holds what a node tells in one step against what it told before, and now and
// then what follows from all that against what it shows.
func (w *world) stream(n *node, told []channels.Event) {
	if n.stream == nil {
		if n.core.learned {
			n.stream = n.sync()
		}
		return
	}
	for i := range told {
		for _, e := range news.Append(nil, told[i], 0, nil) {
			if problem := n.stream.take(&e); problem != "" {
				w.fail("%v tells %s, by %+v, which %s", n, news.Text(e), told[i].Cause, problem)
			}
			w.agree(n, &e, told[i].Cause)
			n.ids = append(n.ids, e.ID)
		}
	}
	n.steps++
	if n.steps%128 == 0 {
		w.expectStream(n)
	}
}

// expectStream demands that a node shows what follows from its events.
func (w *world) expectStream(n *node) {
	if n.stream == nil {
		return
	}
	if d := n.stream.differs(n); d != "" {
		w.fail("the events of %v make %s", n, d)
	}
	if n.steps%1024 == 0 {
		n.stream = n.sync() // somebody else begins to read
	}
}

// agree demands that an id stands for the same everywhere and, but for a node that was
// given up, that a session has one for its beginning and one for its end.
func (w *world) agree(n *node, e *news.Event, c channels.Cause) {
	subject := fmt.Sprint(e.Type, " ", e.NodeID, " ", e.User, " ", e.Channel, " ", e.Session)
	if was, known := w.ids[e.ID]; known && was != subject {
		w.fail("%v tells %s by an id of %s", n, subject, was)
	}
	w.ids[e.ID] = subject
	if e.Session == "" || e.Type == news.SessionAway || e.Type == news.SessionOnline || c.How == channels.Lost || c.How == channels.Back {
		return
	}
	if was, known := w.only[subject]; known && was != e.ID {
		w.fail("%v tells %s by the id %s, others by %s", n, subject, e.ID, was)
	}
	w.only[subject] = e.ID
}
