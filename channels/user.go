package channels

import (
	"strings"
	"time"
	"unsafe"
)

// user is everybody of one name: what her sessions make of her together.
type user struct {
	name     string
	sessions *session // in grace and kept ones too
	members  *member
	choice   *Choice  // the highest ever seen while she is here; nil: none
	face     *Session // whose Profile is shown
	active   int64    // latest activity; never goes back
	since    int64    // when she came, Unix milliseconds; 0: before this node knew
	awayAt   time.Duration
	fadeAt   time.Duration // when the choice is forgotten that no session carries; 0: one does
	mark     uint32        // 1 + index in View.touchedUsers; 0: untouched
	conn     State         // Online, Away or 0, which is offline
	status   Status
	followed bool
}

// look is what others may see of a user.
type look struct {
	status     Status
	conn       State
	chosen     Status
	text       string
	profile    string
	lastActive int64 // 0 unless away
}

func (u *user) look() look {
	l := u.bareLook()
	if u.face != nil {
		l.profile = u.face.Profile
	}
	return l
}

// bareLook is look without the profile.
func (u *user) bareLook() look {
	l := look{status: u.status, conn: u.conn, chosen: StatusOnline}
	if u.choice != nil {
		l.chosen, l.text = u.choice.Status, u.choice.Text
	}
	if u.conn == Away && u.status == StatusAway {
		l.lastActive = u.active
	}
	return l
}

func (u *user) visible() bool { return u.status != StatusOffline }

// remains reports whether anything of the user is left, be it kept.
func (u *user) remains() bool {
	if u.sessions != nil {
		return true
	}
	for m := u.members; m != nil; m = m.next {
		if m.first.rec != nil {
			return true
		}
	}
	return false
}

func (u *user) unlink(s *session) {
	for p := &u.sessions; *p != nil; p = &(*p).next {
		if *p == s {
			*p = s.next
			s.next = nil
			return
		}
	}
}

// LiveSessions returns how many sessions a user has on all nodes, as far as this one
// knows, but for those in grace and for the one that is named. It looks at each.
func (v *View) LiveSessions(user string, except NodeID, session uint64) (count int) {
	u := v.users[user]
	if u == nil {
		return 0
	}
	for s := u.sessions; s != nil; s = s.next {
		if s.live() && (s.rec.ID != session || s.origin.id != except) {
			count++
		}
	}
	return count
}

func (v *View) userOf(name string) *user {
	if u := v.users[name]; u != nil {
		return u
	}
	u := &user{name: strings.Clone(name), status: StatusOffline}
	_, u.followed = v.followedUsers[name]
	v.users[u.name] = u
	return u
}

// adopt replaces a string by an equal one that is held already.
func adopt(s *string, held string) {
	if unsafe.StringData(*s) != unsafe.StringData(held) {
		*s = held
	}
}

// statusOf is the status that others see, by what the user chose and by her
// connection: Online, Away or 0, which is offline.
func statusOf(chosen Status, conn State) Status {
	switch {
	case conn == 0 || chosen == StatusOffline:
		return StatusOffline
	case chosen != StatusOnline:
		return chosen
	case conn == Away:
		return StatusAway
	default:
		return StatusOnline
	}
}

// awayHold is how long an online user stays so after her last active session
// went away or ended, so that switching from one tab to another is no flicker.
const awayHold = time.Second

// judgeUser derives what a touched user is now and tells what changed.
func (v *View) judgeUser(now Now, t *touchedUser) {
	u := t.u
	best, face, carried := u.survey()
	v.fade(now, u, carried, t.cause)
	u.conn = v.connection(now, u, best, t.cause)
	u.face = face
	chosen := StatusOnline
	if u.choice != nil {
		chosen = u.choice.Status
	}
	u.status = statusOf(chosen, u.conn)
	switch {
	case u.visible() && t.old.status == StatusOffline:
		v.seen.remove(u.name)
		if u.since = now.Wall; v.learning {
			u.since = 0
		}
	case !u.visible() && t.old.status != StatusOffline:
		v.see(now, u.name)
	}
	if t.chose != 0 && u.conn == t.old.conn {
		t.cause = t.chose // and not the copies of the choice in her other sessions
	}
	v.copyChoice(u)
	if is := u.look(); is != t.old {
		v.tellUser(t, is)
	}
}

// survey goes through the sessions of a user: the best state of a live one, 0 if
// there is none; who shows her profile, the newest live one, and while none lives it
// stays as it was; the highest choice that one carries.
func (u *user) survey() (best State, face *Session, carried *Choice) {
	var newest, kept *session
	latest := int64(0)
	for s := u.sessions; s != nil; s = s.next {
		if c := s.rec.Choice; c.wins(carried) {
			carried = c
		}
		latest = max(latest, s.rec.Active)
		if !s.live() {
			if kept == nil || s.newer(kept) {
				kept = s
			}
			continue
		}
		if best != Online {
			best = s.rec.State
		}
		if newest == nil || s.newer(newest) {
			newest = s
		}
	}
	// Hardly later is but the same date, told again by another session.
	if u.active == 0 || latest > u.active+drift {
		u.active = latest
	}
	switch {
	case newest != nil:
		return best, newest.rec, carried
	case u.face == nil && kept != nil:
		return best, kept.rec, carried
	}
	return best, u.face, carried
}

// connection is online at once, away after a short hold, offline with the last
// session, and stays as it was while all are in grace.
func (v *View) connection(now Now, u *user, best State, cause uint32) State {
	hold := u.awayAt
	u.awayAt = 0
	switch {
	case best == Online:
		return Online
	case best == Away && u.conn == Online && hold == 0:
		u.awayAt = now.Run + awayHold
		v.aways.push(u.awayAt, due{u, v.causeOf(cause).later(AfterHold)})
		return Online
	case best == Away && u.conn == Online && now.Run < hold:
		u.awayAt = hold
		return Online
	case best == Away:
		return Away
	case !u.remains():
		return 0
	case u.conn == 0 && v.learning:
		return Online
	default:
		return u.conn
	}
}
