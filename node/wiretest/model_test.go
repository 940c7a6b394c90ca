package wiretest

import "fmt"

// model is what a client knows of a channel, kept as the protocol page says.
type model struct {
	version uint64
	members map[string]bool
	count   int
	counted bool // mode count: there are no members
	partial bool // not all members are listed
	more    bool // of the roster
}

// follow takes a message into the models of a client's channels, and says what about
// it cannot be.
func follow(channels map[string]*model, m message) error {
	switch m.Type {
	case "roster":
		return roster(channels, m)
	case "diff":
		return diff(channels[m.Channel], m)
	case "count":
		c := channels[m.Channel]
		if c == nil || !c.counted {
			return fmt.Errorf("a count for somebody who follows more, or nothing")
		}
		// Who came after the last one is told what the roster said.
		if m.Version < c.version || m.Version == c.version && m.Count != c.count {
			return fmt.Errorf("after version %d with %d", c.version, c.count)
		}
		c.version, c.count = m.Version, m.Count
	case "ended":
		delete(channels, m.Channel)
	}
	return nil
}

func roster(channels map[string]*model, m message) error {
	if len(m.Members) > 512 || len(m.text) > 64<<10 {
		return fmt.Errorf("a part of %d members, %d bytes", len(m.Members), len(m.text))
	}
	c := channels[m.Channel]
	if c == nil || !c.more {
		c = &model{version: m.Version, members: map[string]bool{}}
		channels[m.Channel] = c
	}
	if c.version != m.Version {
		return fmt.Errorf("another version than the part before, %d", c.version)
	}
	for _, u := range m.Members {
		if c.members[u.User] {
			return fmt.Errorf("%s is listed twice", u.User)
		}
		c.members[u.User] = true
	}
	c.count = m.Count
	c.more, c.partial, c.counted = m.More, m.Partial, m.Members == nil
	if !m.More && !c.partial && !c.counted && m.Count != len(c.members) {
		return fmt.Errorf("it lists %d", len(c.members))
	}
	return nil
}

func diff(c *model, m message) error {
	switch {
	case c == nil:
		return fmt.Errorf("a diff before the roster")
	case c.more:
		return fmt.Errorf("a diff between the parts of a roster")
	case m.Version != c.version+1:
		return fmt.Errorf("after version %d", c.version)
	case len(m.Join)+len(m.Update)+len(m.Leave) > 512 || len(m.text) > 64<<10:
		return fmt.Errorf("too large")
	case len(m.Join)+len(m.Update)+len(m.Leave) == 0:
		return fmt.Errorf("an empty diff")
	}
	c.version = m.Version
	for _, u := range m.Join {
		if c.members[u.User] {
			return fmt.Errorf("%s joins who is there", u.User)
		}
		c.members[u.User] = true
	}
	for _, u := range m.Update {
		if !c.members[u.User] && !c.partial {
			return fmt.Errorf("%s is updated who is not there", u.User)
		}
	}
	for _, u := range m.Leave {
		if !c.members[u.User] && !c.partial {
			return fmt.Errorf("%s leaves who is not there", u.User)
		}
		delete(c.members, u.User)
	}
	if !c.partial && m.Count != len(c.members) {
		return fmt.Errorf("now there are %d", len(c.members))
	}
	return nil
}
