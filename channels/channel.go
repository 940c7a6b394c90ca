package channels

import "strings"

// channel is the members of one name.
type channel struct {
	name     string
	order    []*member // visible ones in order of arrival; nil where one has left
	members  int       // hidden and absent ones too: what keeps the channel alive
	users    int       // visible members
	sessions int       // that hold these, in grace ones included
	packing  uint64    // of order: another one each time that its places moved
	feed     *feed     // nil unless followed
}

func (v *View) channelOf(name string) *channel {
	if c := v.channels[name]; c != nil {
		return c
	}
	c := &channel{name: strings.Clone(name)}
	v.channels[c.name] = c
	v.names.insert(c)
	return c
}

// dropIdle forgets a channel that has neither member nor follower.
func (v *View) dropIdle(c *channel) {
	if c.members == 0 && c.feed == nil {
		delete(v.channels, c.name)
		v.names.remove(c)
	}
}

// show puts a member at the end of the order.
func (c *channel) show(m *member) {
	c.users++
	m.place = shown + uint32(len(c.order))
	c.order = append(c.order, m)
}

// hide takes a member out of the order. Its place stays empty until half of
// them are, so that a leave costs no more in a large channel.
func (c *channel) hide(m *member) {
	c.users--
	c.order[m.place-shown] = nil
	if len(c.order) >= 16 && c.users*2 < len(c.order) || c.users == 0 {
		c.compact()
	}
}

func (c *channel) compact() {
	c.packing++
	var order []*member
	if c.users > 0 {
		order = make([]*member, 0, c.users+c.users/4)
	}
	for _, m := range c.order {
		if m != nil {
			m.place = shown + uint32(len(order))
			order = append(order, m)
		}
	}
	c.order = order
}
