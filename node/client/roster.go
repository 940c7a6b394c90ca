package client

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Roster is who is in a channel, as far as a follower was told.
type Roster struct {
	Version    uint64            // number of the last diff in it, on the node that sent it
	Count      int               // members there are
	Partial    bool              // only some of them are listed
	Incomplete bool              // members may be missing, Count included
	Members    map[string]Member // by user
}

// Changes is what followers see happen in a channel, each in order of user
// except where the node gave an order.
type Changes struct {
	Join   []Member
	Update []Member
	Leave  []Leave
}

// None tells that nothing happened.
func (c Changes) None() bool { return len(c.Join)+len(c.Update)+len(c.Leave) == 0 }

// Users returns who is listed, in order.
func (r *Roster) Users() []string { return slices.Sorted(maps.Keys(r.Members)) }

// add takes in one part of a roster.
func (r *Roster) add(m *Message) {
	if r.Members == nil {
		r.Members = make(map[string]Member, len(m.Members))
	}
	r.Version, r.Count = m.Version, m.Count
	r.Partial = r.Partial || m.Partial
	r.Incomplete = r.Incomplete || m.Complete != nil && !*m.Complete
	for _, member := range m.Members {
		r.Members[member.User] = member
	}
}

// keepDoubtful keeps the members of before whom an incomplete roster does not
// list: that a node cannot be heard does not mean that its users have left.
func (r *Roster) keepDoubtful(before *Roster) {
	if !r.Incomplete || before == nil {
		return
	}
	for user, member := range before.Members {
		if _, listed := r.Members[user]; !listed {
			r.Members[user] = member
		}
	}
}

// apply takes in the diff that follows on r. A problem is told in words, and
// leaves r as it was only if it is a gap between versions.
func (r *Roster) apply(m *Message) (changes Changes, problem string) {
	if m.Version != r.Version+1 {
		return changes, "a diff is missing"
	}
	r.Version, r.Count = m.Version, m.Count
	changes = Changes{m.Join, m.Update, m.Leave}
	if r.Incomplete {
		changes = r.withoutKept(changes)
	}
	all := !r.Partial && !r.Incomplete // nobody is there who is not listed
	for _, member := range changes.Join {
		if _, twice := r.Members[member.User]; twice {
			problem = fmt.Sprintf("%q joins twice", member.User)
		}
		r.Members[member.User] = member
	}
	for _, member := range changes.Update {
		if _, there := r.Members[member.User]; !there && all {
			problem = fmt.Sprintf("update of %q, who is not there", member.User)
		}
		r.Members[member.User] = member
	}
	for _, leave := range changes.Leave {
		if _, there := r.Members[leave.User]; !there && all {
			problem = fmt.Sprintf("leave of %q, who is not there", leave.User)
		}
		delete(r.Members, leave.User)
	}
	if problem == "" && r.miscounted() {
		problem = r.miscount()
	}
	return changes, problem
}

// withoutKept returns c without the joins of members who were kept as
// doubtful: they are back, which is no news unless something else changed.
func (r *Roster) withoutKept(c Changes) Changes {
	kept := Changes{Update: slices.Clone(c.Update), Leave: c.Leave}
	for _, member := range c.Join {
		old, known := r.Members[member.User]
		switch {
		case !known:
			kept.Join = append(kept.Join, member)
		case !same(old, member):
			kept.Update = append(kept.Update, member)
		}
	}
	return kept
}

func (r *Roster) miscounted() bool {
	return !r.Partial && !r.Incomplete && len(r.Members) != r.Count
}

func (r *Roster) miscount() string {
	return fmt.Sprintf("%d members listed, count %d", len(r.Members), r.Count)
}

// missed is the reason given for somebody who left while nobody told us.
const missed = "missed"

// Difference returns what happened between two rosters of one channel; before
// may be nil. Dates alone are no difference. Who is not listed in a partial
// roster has not left, as far as anybody can tell; who left unseen has the
// reason "missed".
func Difference(before, after *Roster) Changes {
	var c Changes
	if before == nil {
		before = &Roster{}
	}
	for _, user := range after.Users() {
		member := after.Members[user]
		old, known := before.Members[user]
		switch {
		case !known:
			c.Join = append(c.Join, member)
		case !same(old, member):
			c.Update = append(c.Update, member)
		}
	}
	if after.Partial {
		return c
	}
	for _, user := range before.Users() {
		if _, stays := after.Members[user]; !stays {
			c.Leave = append(c.Leave, Leave{User: user, Reason: missed})
		}
	}
	return c
}

// same tells whether two members differ in dates at most. Nodes pass data and
// profile on byte for byte, so comparing bytes is enough.
func same(a, b Member) bool {
	return a.User == b.User && a.Status == b.Status && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Profile, b.Profile)
}
