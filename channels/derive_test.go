package channels

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// derive makes everything that is shown anew from what was told.
func (m *model) derive(now Now) {
	for _, name := range m.names() {
		m.deriveUser(now, name)
	}
	keys := map[memberKey][]*modelHold{}
	for _, h := range m.holds {
		k := memberKey{h.rec.Channel, h.user}
		keys[k] = append(keys[k], h)
	}
	for k := range m.members {
		if len(keys[k]) == 0 {
			delete(m.members, k)
		}
	}
	for k, holds := range keys {
		m.deriveMember(k, holds)
	}
	for name := range m.users {
		if len(m.sessionsOf(name)) == 0 && len(m.holdsOf(name)) == 0 {
			delete(m.users, name)
		}
	}
}

func (m *model) names() []string {
	all := map[string]bool{}
	for name := range m.users {
		all[name] = true
	}
	delete(all, "")
	return slices.Sorted(maps.Keys(all))
}

func (m *model) sessionsOf(name string) (all []*modelSession) {
	for _, s := range m.sessions {
		if s.rec.User == name {
			all = append(all, s)
		}
	}
	return all
}

func (m *model) holdsOf(name string) (all []*modelHold) {
	for _, h := range m.holds {
		if h.user == name {
			all = append(all, h)
		}
	}
	return all
}

func (m *model) live(s *modelSession) bool {
	return s.kept == nil && s.rec.State != Broken && !m.origins[s.origin].left
}

func (m *model) deriveUser(now Now, name string) {
	u := m.users[name]
	sessions := m.sessionsOf(name)
	live := slices.DeleteFunc(slices.Clone(sessions), func(s *modelSession) bool { return !m.live(s) })
	best, latest, carried := State(0), int64(0), modelUser{}
	for _, s := range sessions {
		latest = max(latest, s.rec.Active)
		u.consider(s.rec.Choice)
		carried.consider(s.rec.Choice)
	}
	m.fade(now, u, carried.choice)
	if u.active == 0 || latest > u.active+drift {
		u.active = latest
	}
	for _, s := range live {
		if best == 0 || s.rec.State == Online {
			best = s.rec.State
		}
	}
	switch due := u.awayAt; {
	case best == Away && u.conn == Online && due == 0:
		u.awayAt = now.Run + awayHold
	case best == Away && u.conn == Online && now.Run < due:
	case best != 0:
		u.conn, u.awayAt = best, 0
	case len(sessions) == 0 && len(m.holdsOf(name)) == 0:
		u.conn, u.awayAt = 0, 0
	case u.conn == 0 && m.learning:
		u.conn = Online
	default:
		u.awayAt = 0
	}
	newest := func(a, b *modelSession) int {
		return cmp.Or(cmp.Compare(a.rec.ID, b.rec.ID), bytes.Compare(a.origin[:], b.origin[:]))
	}
	if len(live) > 0 {
		u.profile, u.showsTheNewest = slices.MaxFunc(live, newest).rec.Profile, true
	} else if !u.showsTheNewest && len(sessions) > 0 {
		u.profile, u.showsTheNewest = slices.MaxFunc(sessions, newest).rec.Profile, true
	}
	m.deriveStatus(now, name, u)
}

func (m *model) fade(now Now, u *modelUser, carried *Choice) {
	switch {
	case u.choice == nil || carried != nil && *carried == *u.choice:
		u.fadeAt = 0
		return
	case u.fadeAt == 0:
		u.fadeAt = now.Run + m.cfg.Timeout
	}
	if now.Run >= u.fadeAt {
		u.choice, u.fadeAt = carried, 0
	}
}

func (m *model) deriveStatus(now Now, name string, u *modelUser) {
	u.chosen, u.text = StatusOnline, ""
	if u.choice != nil {
		u.chosen, u.text = u.choice.Status, u.choice.Text
	}
	was := u.status
	u.status = map[Status]map[State]Status{
		StatusOnline:  {Online: StatusOnline, Away: StatusAway, 0: StatusOffline},
		StatusAway:    {Online: StatusAway, Away: StatusAway, 0: StatusOffline},
		StatusBusy:    {Online: StatusBusy, Away: StatusBusy, 0: StatusOffline},
		StatusOffline: {Online: StatusOffline, Away: StatusOffline, 0: StatusOffline},
	}[u.chosen][u.conn]
	u.lastActivity = 0
	if u.status == StatusAway && u.conn == Away {
		u.lastActivity = u.active
	}
	if was == StatusOffline && u.status != StatusOffline {
		delete(m.seen, name)
		u.since = now.Wall
		if m.learning {
			u.since = 0
		}
	}
	if was != StatusOffline && u.status == StatusOffline {
		m.seen[name] = now.Wall
	}
}

func (m *model) deriveMember(k memberKey, holds []*modelHold) {
	u := m.users[k.user]
	mem := m.members[k]
	since := slices.MinFunc(holds, func(a, b *modelHold) int { return cmp.Compare(a.rec.Since, b.rec.Since) }).rec.Since
	if mem == nil {
		if !m.learning && !slices.ContainsFunc(holds, func(h *modelHold) bool { return h.kept == nil && m.live(h.session) }) {
			return
		}
		mem = &modelMember{since: since}
		m.members[k] = mem
	}
	if since < mem.since-sinceDrift {
		mem.since = since
	}
	top := slices.MaxFunc(holds, func(a, b *modelHold) int {
		return cmp.Or(cmp.Compare(a.rec.Stamp, b.rec.Stamp), bytes.Compare(a.origin[:], b.origin[:]), cmp.Compare(a.rec.ID, b.rec.ID))
	})
	mem.count = 0
	for _, h := range holds {
		mem.count += b2i(h.kept == nil)
	}
	mem.visible = u.status != StatusOffline
	mem.shown = Member{
		User: k.user, Since: mem.since, Status: u.status, Data: top.rec.Data,
		Profile: u.profile, LastActivity: u.lastActivity,
	}
}

// roster returns the visible members of a channel.
func (m *model) roster(channel string) map[string]Member {
	all := map[string]Member{}
	for k, mem := range m.members {
		if k.channel == channel && mem.visible {
			all[k.user] = mem.shown
		}
	}
	return all
}
