package channels

// feed collects what followers of a channel are to be told next.
type feed struct {
	followers int
	version   uint64
	changes   []feedChange
	byUser    map[string]int // index in changes
	dirty     bool           // named by Dirty, or about to be, since the last flush
}

// feedChange is a user whose member changed since the last flush.
type feedChange struct {
	old    Member // User always; the rest as followers know it
	had    bool   // followers know it
	reason Reason // of the last leave
}

// Diff is what changed in a channel between two versions.
type Diff struct {
	Version uint64 // the one before plus 1
	Count   int    // visible members now
	Join    []Member
	Update  []Member
	Leave   []Leave
}

// Leave is one user who left, with a reason that followers may know.
type Leave struct {
	User   string
	Reason Reason
}

// Follow begins to collect the changes of a channel, which need not exist. Each
// call takes one [View.Unfollow] to undo.
func (v *View) Follow(channel string) {
	c := v.channelOf(channel)
	if c.feed == nil {
		c.feed = &feed{version: 1, byUser: map[string]int{}}
	}
	c.feed.followers++
}

// Unfollow undoes one [View.Follow]. With the last follower the version is forgotten.
func (v *View) Unfollow(channel string) {
	c := v.channels[channel]
	if c == nil || c.feed == nil {
		return
	}
	if c.feed.followers--; c.feed.followers == 0 {
		c.feed = nil
		v.dropIdle(c)
	}
}

// Version returns the version of a followed channel: 1, and 1 more for each
// diff. 0: nobody follows it. A roster belongs to it only right after a
// [View.Flush], which is also what whoever begins to follow must be given first.
func (v *View) Version(channel string) uint64 {
	if c := v.channels[channel]; c != nil && c.feed != nil {
		return c.feed.version
	}
	return 0
}

// Dirty is a followed channel with changes to flush.
type Dirty struct {
	Channel string
	Members int // visible ones
}

// Dirty returns the channels that changed since it was last asked, in the order
// of their first change. One is named again only after its [View.Flush].
func (v *View) Dirty() []Dirty {
	var dirty []Dirty
	for _, c := range v.dirty {
		if c.feed != nil && len(c.feed.changes) > 0 {
			dirty = append(dirty, Dirty{c.name, c.users})
		}
	}
	v.dirty = reuse(v.dirty)
	return dirty
}

// Flush returns the net difference of a followed channel since the last flush,
// each list in the order of first change. False: there is none, and the version
// stays.
func (v *View) Flush(channel string) (Diff, bool) {
	c := v.channels[channel]
	if c == nil || c.feed == nil {
		return Diff{}, false
	}
	f := c.feed
	var d Diff
	for _, ch := range f.changes {
		member, here := v.Member(channel, ch.old.User)
		switch {
		case here && !ch.had:
			d.Join = append(d.Join, member)
		case here && member != ch.old:
			d.Update = append(d.Update, member)
		case !here && ch.had:
			d.Leave = append(d.Leave, Leave{ch.old.User, ch.reason.forFollowers()})
		}
	}
	f.changes, f.dirty = reuse(f.changes), false
	clear(f.byUser)
	if len(d.Join)+len(d.Update)+len(d.Leave) == 0 {
		return Diff{}, false
	}
	f.version++
	d.Version, d.Count = f.version, c.users
	return d, true
}

// forFollowers is the reason that followers are told: they must not learn that
// somebody hides.
func (r Reason) forFollowers() Reason {
	if r == ReasonHidden {
		return ReasonLeft
	}
	return r
}

func (v *View) feedChange(c *channel, old Member, had bool, reason Reason) {
	f := c.feed
	i, known := f.byUser[old.User]
	if !known {
		i = len(f.changes)
		f.byUser[old.User] = i
		f.changes = append(f.changes, feedChange{old: old, had: had})
	}
	if reason != 0 {
		f.changes[i].reason = reason
	}
	if !f.dirty {
		f.dirty = true
		v.dirty = append(v.dirty, c)
	}
}
