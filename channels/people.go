package channels

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
)

// UserInfo is a user as others may see her: the U of the wire protocol.
type UserInfo struct {
	User         string
	Status       Status // StatusOffline also if unknown
	Since        int64  // when she came, Unix milliseconds; 0: offline, or before this node knew
	LastActivity int64  // if away, Unix milliseconds; 0: not away, or unknown
	LastSeen     int64  // if offline, Unix milliseconds; 0: not within a day
	Text         string // of the chosen status; empty if offline
}

// UserDetails is all that is known of a user, for an operator.
type UserDetails struct {
	UserInfo
	Chosen     Status
	Connection State         // Online, Away or 0, which is offline
	Sessions   []SessionInfo // by node and id
	Channels   []string      // as a member, hidden or not, in order of name
}

// SessionInfo is a session of some node.
type SessionInfo struct {
	Origin   NodeID
	ID       uint64
	User     string // empty: anonymous
	State    State  // Broken also if its node said goodbye
	Active   int64  // last activity, Unix milliseconds; 0: unknown
	Details  *Details
	Channels []string // in order of name; not filled by [View.Sessions]
}

// User returns what others may see of a user. One that is not known is offline.
func (v *View) User(name string) UserInfo {
	u := v.users[name]
	if u == nil || !u.visible() {
		return UserInfo{User: name, Status: StatusOffline, LastSeen: v.LastSeen(name)}
	}
	l := u.look()
	return UserInfo{User: u.name, Status: l.status, Since: u.since, LastActivity: l.lastActive, Text: l.text}
}

// Details returns what an operator may see of a user; false if she has no session.
func (v *View) Details(name string) (UserDetails, bool) {
	d := UserDetails{UserInfo: v.User(name), Chosen: StatusOnline}
	u := v.users[name]
	if u == nil {
		return d, false
	}
	l := u.look()
	d.Chosen, d.Connection, d.Text = l.chosen, l.conn, l.text
	d.Sessions = v.sessionsOf(name)
	for m := u.members; m != nil; m = m.next {
		if m.place != absent {
			d.Channels = append(d.Channels, m.channel.name)
		}
	}
	slices.Sort(d.Channels)
	return d, len(d.Sessions) > 0
}

// sessionsOf returns the sessions of a user that did not end, by node and id. It looks at
// each of them, and at each of what they hold, once.
func (v *View) sessionsOf(name string) []SessionInfo {
	u := v.users[name]
	if u == nil {
		return nil
	}
	held := map[*session][]string{}
	for m := u.members; m != nil; m = m.next {
		m.each(func(h *hold) bool {
			held[h.s] = append(held[h.s], m.channel.name)
			return true
		})
	}
	var all []SessionInfo
	for s := u.sessions; s != nil; s = s.next {
		if s.isKept() {
			continue
		}
		info := s.info()
		info.Channels = held[s]
		slices.Sort(info.Channels)
		all = append(all, info)
	}
	slices.SortFunc(all, func(a, b SessionInfo) int {
		return cmp.Or(bytes.Compare(a.Origin[:], b.Origin[:]), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func (s *session) info() SessionInfo {
	i := SessionInfo{
		Origin: s.origin.id, ID: s.rec.ID, User: s.rec.User, State: s.rec.State, Active: s.rec.Active,
		Details: s.rec.Details,
	}
	if !s.live() {
		i.State = Broken
	}
	return i
}

// Sessions goes through all sessions of all nodes, by node and id. No other
// method may be called meanwhile that changes the view.
func (v *View) Sessions() iter.Seq[SessionInfo] {
	return func(yield func(SessionInfo) bool) {
		for _, o := range v.Origins() {
			for _, s := range v.origins[o].inOrder() {
				if !yield(s.info()) {
					return
				}
			}
		}
	}
}

// Load is how many sessions a node holds, in grace ones included.
type Load struct {
	Sessions  int
	Anonymous int // of these
	Peak      int // the most Sessions at one time since this node knows it
}

// Load returns how many sessions a node holds, as far as is known.
func (v *View) Load(node NodeID) Load {
	o := v.origins[node]
	if o == nil {
		return Load{}
	}
	return Load{len(o.sessions), o.nobodys, o.peak}
}

// Origins returns the nodes of which something is known, this one included, in
// order of id.
func (v *View) Origins() []NodeID {
	ids := make([]NodeID, 0, len(v.origins))
	for id := range v.origins {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b NodeID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}
