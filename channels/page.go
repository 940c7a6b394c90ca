package channels

import (
	"container/heap"
	"slices"
	"strings"
)

// Search finds the names of a channel's visible members that come first after a name. It
// goes on where it stopped, so that its owner may give up the lock in between: who is a
// member all the while is found, who comes or goes may be. The channel has no index by
// name: that would cost every join what only operators ask for.
type Search struct {
	Channel string
	After   string // names higher than this; empty: all
	Most    int    // names to find

	first   lastOnTop
	in      *channel
	packing uint64 // of the channel when it was looked at
	at      int    // in its order
}

// Search looks at so many members of the channel at most, and reports whether it has seen all.
func (v *View) Search(s *Search, members int) (done bool) {
	c := v.channels[s.Channel]
	if c == nil || s.Most <= 0 {
		return true
	}
	if s.in != c || s.packing != c.packing { // places have moved
		s.first, s.in, s.packing, s.at = nil, c, c.packing, 0
	}
	end := min(len(c.order), s.at+members)
	for _, m := range c.order[min(s.at, end):end] {
		if m != nil {
			s.meet(m.user.name)
		}
	}
	s.at = end
	return end == len(c.order)
}

func (s *Search) meet(name string) {
	switch {
	case name <= s.After:
	case len(s.first) < s.Most:
		heap.Push(&s.first, name)
	case name < s.first[0]:
		s.first[0] = name
		heap.Fix(&s.first, 0)
	}
}

// Found returns the names that were found, in order.
func (s *Search) Found() []string {
	names := slices.Clone(s.first)
	slices.Sort(names)
	return slices.Compact(names) // who hid and came back meanwhile was met twice
}

// lastOnTop is a heap of names, the highest on top.
type lastOnTop []string

func (h lastOnTop) Len() int           { return len(h) }
func (h lastOnTop) Less(i, j int) bool { return h[i] > h[j] }
func (h lastOnTop) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lastOnTop) Push(x any)        { *h = append(*h, x.(string)) }
func (h *lastOnTop) Pop() any          { panic("channels: nothing is popped") }

// ChannelInfo is a channel with visible members.
type ChannelInfo struct {
	Channel         string
	Users, Sessions int // as of [View.Count]
}

// Channels returns channels with visible members whose name begins with prefix and is
// higher than after, in order of name: so many at most. It looks at no more channels than
// that, with or without members; rest is the last that it looked at, and empty if there
// are no more.
func (v *View) Channels(prefix, after string, most, look int) (page []ChannelInfo, rest string) {
	if most <= 0 || look <= 0 {
		return nil, ""
	}
	last := ""
	v.names.from(max(prefix, after), func(c *channel) bool {
		switch {
		case !strings.HasPrefix(c.name, prefix):
			return false
		case c.name == after:
			return true
		case look == 0 || len(page) == most:
			rest = last
			return false
		case c.users > 0:
			page = append(page, ChannelInfo{c.name, c.users, c.sessions})
		}
		last = c.name
		look--
		return true
	})
	return page, rest
}
