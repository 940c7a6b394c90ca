package node

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/events"
)

// Member is a user in a channel, as events have her too.
type Member = events.Member

// Channel is a channel with members. Hidden ones are in neither count.
type Channel struct {
	Channel  string `json:"channel"`
	Users    int    `json:"users"`
	Sessions int    `json:"sessions"` // that hold these, in grace ones included
}

// How much is done in one step, so that no question of an operator keeps clients waiting:
// either takes about a millisecond.
const (
	maxLooks   = 10_000 // members or channels looked at
	maxLookups = 1000   // users or members looked up
)

// Roster returns the members of a channel in order of name, hidden ones left out. It may
// be called concurrently, and takes steps of 10,000 members looked at and of 1,000 looked
// up: who is a member all the while is in it, who comes or goes may be.
func (n *Node) Roster(channel string) []Member {
	return n.lookUp(channel, n.find(channel, "", math.MaxInt))
}

// Channels returns the channels with members whose name begins with prefix and is higher
// than after, in order of name, at most limit, and whether there are more. It may be called
// concurrently, and takes a step for each 10,000 channels looked at.
func (n *Node) Channels(prefix, after string, limit int) (page []Channel, more bool) {
	var found []channels.ChannelInfo
	for going := true; going && len(found) <= limit; {
		var some []channels.ChannelInfo
		n.mu.Lock()
		some, after = n.core.View.Channels(prefix, after, limit+1-len(found), maxLooks)
		n.mu.Unlock()
		found, going = append(found, some...), after != ""
	}
	for _, c := range found[:min(len(found), limit)] {
		page = append(page, Channel(c))
	}
	return page, len(found) > limit
}

// LargestChannels returns the channels with the most members whose name begins with prefix, the
// largest first, at most limit. It may be called concurrently, and takes a step for each
// 10,000 channels.
func (n *Node) LargestChannels(prefix string, limit int) (top []Channel) {
	for after, going := "", true; going; {
		var some []channels.ChannelInfo
		n.mu.Lock()
		some, after = n.core.View.Channels(prefix, after, maxLooks, maxLooks)
		n.mu.Unlock()
		going = after != ""
		for _, c := range some {
			top = append(top, Channel(c))
		}
		slices.SortFunc(top, func(a, b Channel) int { return cmp.Or(b.Users-a.Users, strings.Compare(a.Channel, b.Channel)) })
		top = top[:min(len(top), limit)]
	}
	return top
}

// find returns the first names of members after one, in order, and at most so many.
func (n *Node) find(channel, after string, most int) []string {
	search := channels.Search{Channel: channel, After: after, Most: most}
	for done := false; !done; {
		n.mu.Lock()
		done = n.core.View.Search(&search, maxLooks)
		n.mu.Unlock()
	}
	return search.Found()
}

// lookUp returns those of the users who are members now.
func (n *Node) lookUp(channel string, users []string) []Member {
	members := make([]Member, 0, len(users))
	for some := range slices.Chunk(users, maxLookups) {
		n.mu.Lock()
		for _, user := range some {
			if m, is := n.core.View.Member(channel, user); is {
				members = append(members, events.MemberOf(m))
			}
		}
		n.mu.Unlock()
	}
	return members
}

// count returns how many members a channel has, and how many sessions hold them.
func (n *Node) count(channel string) (users, sessions int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.core.View.Count(channel)
}
