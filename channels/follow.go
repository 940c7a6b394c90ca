package channels

// userFeed is a followed user.
type userFeed struct {
	followers int
	told      UserInfo // what followers know
	marked    bool     // in View.dirtyUsers
	renewed   bool     // not all followers know the same
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
func (v *View) ChangedUsers() []UserInfo {
	var changed []UserInfo
	for _, name := range v.dirtyUsers {
		f := v.followedUsers[name]
		if f == nil || !f.marked { // nobody follows any more, or named twice
			continue
		}
		is := v.User(name)
		if f.renewed || !is.sameFor(f.told) {
			changed = append(changed, is)
			f.told = is
		}
		f.marked, f.renewed = false, false
	}
	v.dirtyUsers = reuse(v.dirtyUsers)
	return changed
}

func (v *View) markUser(name string) {
	if f := v.followedUsers[name]; f != nil && !f.marked {
		f.marked = true
		v.dirtyUsers = append(v.dirtyUsers, name)
	}
}

// sameFor reports whether followers see no difference: since and lastSeen only
// come along with a change of status.
func (u UserInfo) sameFor(told UserInfo) bool {
	return u.Status == told.Status && u.Text == told.Text && u.LastActivity == told.LastActivity
}
