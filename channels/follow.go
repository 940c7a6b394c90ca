package channels

// userFeed is a followed user.
type userFeed struct {
	followers int
	told      UserInfo // what followers know
	left      []string // channels that showed her until she went offline, if she did since told
	marked    bool     // in View.dirtyUsers
	renewed   bool     // not all followers know the same
}

// ChangedUser is a followed user as she is now.
type ChangedUser struct {
	UserInfo

	// Left are the channels that showed her until she went offline, if she did since
	// this was last asked: see [View.Sharing].
	Left []string
}

// FollowUser begins to collect the changes of a user, who need not exist. Each
// call takes one [View.UnfollowUser] to undo. What [View.User] returns now is what
// the follower is to be told first.
func (v *View) FollowUser(name string) {
	f := v.followedUsers[name]
	if f == nil {
		f = &userFeed{told: v.User(name)}
		v.followedUsers[name] = f
		if u := v.users[name]; u != nil {
			u.followed = true
		}
	}
	f.followers++
	f.renewed = f.marked
}

// UnfollowUser undoes one [View.FollowUser].
func (v *View) UnfollowUser(name string) {
	f := v.followedUsers[name]
	if f == nil {
		return
	}
	if f.followers--; f.followers == 0 {
		delete(v.followedUsers, name)
		if u := v.users[name]; u != nil {
			u.followed = false
		}
	}
}

// ChangedUsers returns the followed users that changed since it was last asked,
// in the order of first change. What was undone in between is no change.
func (v *View) ChangedUsers() []ChangedUser {
	var changed []ChangedUser
	for _, name := range v.dirtyUsers {
		f := v.followedUsers[name]
		if f == nil || !f.marked { // nobody follows any more, or named twice
			continue
		}
		is := v.User(name)
		if f.renewed || !is.SameFor(f.told) {
			changed = append(changed, ChangedUser{is, f.left})
			f.told = is
		}
		f.marked, f.renewed, f.left = false, false, nil
	}
	v.dirtyUsers = reuse(v.dirtyUsers)
	return changed
}

// markUser notes that a followed user changed, in a step whose members are not judged yet.
func (v *View) markUser(u *user) {
	f := v.followedUsers[u.name]
	if f == nil {
		return
	}
	if !f.marked {
		f.marked = true
		v.dirtyUsers = append(v.dirtyUsers, u.name)
	}
	f.left = nil
	if u.visible() {
		return
	}
	for m := u.members; m != nil; m = m.next {
		if m.visible() {
			f.left = append(f.left, m.channel.name)
		}
	}
}

// SameFor reports whether followers see no difference: since and lastSeen only
// come along with a change of status.
func (u UserInfo) SameFor(told UserInfo) bool {
	return u.Status == told.Status && u.Text == told.Text && u.LastActivity == told.LastActivity
}

// Sharing returns who shares a channel with a user: who is a member, hidden or not, where
// she is shown as one, or was until she went offline ([ChangedUser.Left]). That she is a
// member where she is hidden is not to be learned from what is told because of it. The
// function is good until the view changes, and costs the other user's memberships.
func (v *View) Sharing(name string, left []string) func(other string) bool {
	shown := make(map[*channel]bool, len(left))
	if u := v.users[name]; u != nil {
		for m := u.members; m != nil; m = m.next {
			if m.visible() {
				shown[m.channel] = true
			}
		}
	}
	for _, name := range left {
		if c := v.channels[name]; c != nil {
			shown[c] = true
		}
	}
	return func(other string) bool {
		u := v.users[other]
		if u == nil || len(shown) == 0 {
			return false
		}
		for m := u.members; m != nil; m = m.next {
			if m.place != absent && shown[m.channel] {
				return true
			}
		}
		return false
	}
}
