package load

// telling is what a session tells its client. The client's lock is held.
type telling client

func (t *telling) note(k kind, user int) {
	t.events = append(t.events, event{client: (*client)(t), kind: k, user: user, seen: t.seen.count, at: t.at})
}

func (t *telling) Welcome() { t.note(welcomed, 0) }

// isRoom reports whether something is told of the client's own channel, while it follows that.
func (t *telling) isRoom(channel []byte) bool {
	if string(channel) != t.room.name {
		t.crowd.checks.add(&t.crowd.checks.ghosts, "%s in %s is told of %q", t.crowd.user(t.user), t.room.name, channel)
		return false
	}
	return t.place != outside
}

// local returns the number of a user within the room; false: there is none such.
func (t *telling) local(user []byte) (int, bool) {
	i := t.crowd.number(user)
	if i < t.room.first || i >= t.room.first+t.room.size {
		t.crowd.checks.add(&t.crowd.checks.ghosts, "%s in %s is told of %q, who was never there", t.crowd.user(t.user), t.room.name, user)
		return 0, false
	}
	return i - t.room.first, true
}

func (t *telling) Roster(channel []byte) {
	if !t.isRoom(channel) {
		return
	}
	if t.place == inside {
		t.before = &set{t.seen.words, t.seen.count}
		t.seen = set{}
	}
	t.seen.reset()
}

func (t *telling) Member(user []byte) {
	if t.place == outside {
		return
	}
	if i, ok := t.local(user); ok && !t.seen.add(i, t.room.size) {
		t.crowd.checks.add(&t.crowd.checks.doubled, "%s in %s has %s on its roster twice", t.crowd.user(t.user), t.room.name, user)
	}
}

func (t *telling) Entered(channel []byte, partial bool) {
	if !t.isRoom(channel) {
		return
	}
	if t.before != nil && !partial && !t.partial {
		t.differences()
	}
	t.before = nil
	t.place, t.partial = inside, partial
	t.note(entered, 0)
}

// differences tells what a roster that came unasked has changed: the server may send one in the
// place of changes, to a client that it thinks too slow.
func (t *telling) differences() {
	for i := range t.room.size {
		switch was, is := t.before.has(i), t.seen.has(i); {
		case is && !was:
			t.note(joined, i)
		case was && !is:
			t.note(left, i)
		}
	}
}

func (t *telling) Joined(channel, user []byte) {
	if !t.isRoom(channel) {
		return
	}
	i, ok := t.local(user)
	if !ok {
		return
	}
	if t.seen.add(i, t.room.size) {
		t.note(joined, i)
	} else if t.place == inside && !t.crowd.loose {
		t.crowd.checks.add(&t.crowd.checks.doubled, "%s in %s is told twice that %s joined", t.crowd.user(t.user), t.room.name, user)
	}
}

func (t *telling) Left(channel, user []byte) {
	if !t.isRoom(channel) {
		return
	}
	i, ok := t.local(user)
	if !ok {
		return
	}
	if t.seen.remove(i) || t.partial {
		t.note(left, i)
	} else if t.place == inside && !t.crowd.loose {
		t.crowd.checks.add(&t.crowd.checks.doubled, "%s in %s is told that %s left, who was not there", t.crowd.user(t.user), t.room.name, user)
	}
}

// Count has to be what the events told so far come to, if all members are listed.
func (t *telling) Count(channel []byte, members int) {
	if !t.isRoom(channel) {
		return
	}
	if t.count = members; t.partial {
		t.note(counted, members)
	}
	if t.place == inside && !t.partial && members != t.seen.count {
		t.crowd.checks.add(&t.crowd.checks.miscounted, "%s in %s is told of %d members, and that they are %d", t.crowd.user(t.user), t.room.name, t.seen.count, members)
	}
}

func (t *telling) Answer(text []byte) {
	c := (*client)(t)
	_ = c.say(func(b []byte) []byte { return append(b, text...) }) // its reader sees the end
}

var _ Told = (*telling)(nil)
