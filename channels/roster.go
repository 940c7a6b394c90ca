package channels

import "iter"

// Member is a member as followers see it: the M of the wire protocol.
type Member struct {
	User         string
	Since        int64 // when she joined, Unix milliseconds by this node's clock
	Status       Status
	Data         string // JSON object; empty: none
	Profile      string // JSON; empty: none
	LastActivity int64  // if away, Unix milliseconds; 0: not away, or unknown
}

// Members goes through the visible members of a channel in order of arrival. No
// other method may be called meanwhile that changes the view.
func (v *View) Members(channel string) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		c := v.channels[channel]
		if c == nil {
			return
		}
		for _, m := range c.order {
			if m != nil && !yield(m.show(m.user.look())) {
				return
			}
		}
	}
}

// Member returns a visible member.
func (v *View) Member(channel, user string) (Member, bool) {
	if m := v.find(channel, user); m != nil && m.visible() {
		return m.show(m.user.look()), true
	}
	return Member{}, false
}

// Count returns how many members are visible, and how many sessions hold them,
// in grace ones included.
func (v *View) Count(channel string) (users, sessions int) {
	if c := v.channels[channel]; c != nil {
		return c.users, c.sessions
	}
	return 0, 0
}

func (v *View) find(channel, user string) *member {
	u, c := v.users[user], v.channels[channel]
	if u == nil || c == nil {
		return nil
	}
	return u.in(c)
}
