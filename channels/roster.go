package channels

import (
	"container/heap"
	"iter"
	"slices"
	"strings"
)

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

// Page returns the first members after a user in order of name, at most limit,
// and whether there are more. It looks at every member of the channel.
func (v *View) Page(channel, after string, limit int) (page []Member, more bool) {
	c := v.channels[channel]
	if c == nil || limit <= 0 {
		return nil, false
	}
	var first lastOnTop
	for _, m := range c.order {
		if m == nil || m.user.name <= after && after != "" {
			continue
		}
		switch {
		case len(first) < limit:
			heap.Push(&first, m)
		case m.user.name < first[0].user.name:
			first[0] = m
			heap.Fix(&first, 0)
			more = true
		default:
			more = true
		}
	}
	slices.SortFunc(first, func(a, b *member) int { return strings.Compare(a.user.name, b.user.name) })
	for _, m := range first {
		page = append(page, m.show(m.user.look()))
	}
	return page, more
}

// ChannelInfo is a channel with visible members.
type ChannelInfo struct {
	Channel         string
	Users, Sessions int // as of [View.Count]
}

// Channels returns the channels with visible members whose name begins with
// prefix and is higher than after, in order of name: at most limit, and whether
// there are more.
func (v *View) Channels(prefix, after string, limit int) (page []ChannelInfo, more bool) {
	v.names.from(max(prefix, after), func(c *channel) bool {
		switch {
		case !strings.HasPrefix(c.name, prefix):
			return false
		case c.users == 0 || c.name == after:
		case len(page) >= limit:
			more = true
			return false
		default:
			page = append(page, ChannelInfo{c.name, c.users, c.sessions})
		}
		return true
	})
	return page, more
}

func (v *View) find(channel, user string) *member {
	u, c := v.users[user], v.channels[channel]
	if u == nil || c == nil {
		return nil
	}
	return u.in(c)
}

// lastOnTop is a heap of members, the highest name on top.
type lastOnTop []*member

func (h lastOnTop) Len() int           { return len(h) }
func (h lastOnTop) Less(i, j int) bool { return h[i].user.name > h[j].user.name }
func (h lastOnTop) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lastOnTop) Push(x any)        { *h = append(*h, x.(*member)) }
func (h *lastOnTop) Pop() any          { panic("channels: nothing is popped") }
