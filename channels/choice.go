package channels

import (
	"bytes"
	"cmp"
)

// Outranks reports whether c wins over d; see [Choice].
func (c *Choice) Outranks(d *Choice) bool { return c.compare(d) > 0 }

func (c *Choice) compare(d *Choice) int {
	if c.Asserted != d.Asserted {
		return truth(d.Asserted)
	}
	if c.Asserted && (c.Status == StatusOffline) != (d.Status == StatusOffline) {
		return truth(c.Status == StatusOffline)
	}
	// The last two settle what a correct node never tells: two choices of one
	// node with one stamp.
	return cmp.Or(
		cmp.Compare(c.Stamp, d.Stamp),
		bytes.Compare(c.By[:], d.By[:]),
		cmp.Compare(c.Status, d.Status),
		cmp.Compare(c.Text, d.Text),
	)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return -1
}

// wins is Outranks where either may be none.
func (c *Choice) wins(over *Choice) bool { return c != nil && (over == nil || c.Outranks(over)) }

// consider takes a choice that was told for a touched user, if it wins.
func (v *View) consider(u *user, c *Choice) {
	if c.wins(u.choice) {
		u.choice, u.fadeAt = c, 0
		v.touchedUsers[u.mark-1].chose = v.because()
	}
}

// fade forgets a choice that no session carries any more, a timeout later: until then a
// copy of it may be on its way from another node. Without that, nodes would disagree for
// as long as the user lives, of which only one saw a moment when she had no session.
func (v *View) fade(now Now, u *user, carried *Choice, cause uint32) {
	if !u.choice.wins(carried) {
		u.fadeAt = 0
		return
	}
	if u.fadeAt == 0 {
		u.fadeAt = now.Run + v.cfg.Timeout
		v.fades.push(u.fadeAt, due{u, v.causeOf(cause).later(AfterFade)})
	}
	if now.Run >= u.fadeAt {
		u.choice, u.fadeAt = carried, 0
	}
}

// copyChoice puts the winner into the own sessions of the user, so that it
// outlives the session on which it was made.
func (v *View) copyChoice(u *user) {
	if u.choice == nil {
		return
	}
	for s := u.sessions; s != nil; s = s.next {
		if s.origin != v.own || s.isKept() || s.rec.Choice != nil && *s.rec.Choice == *u.choice {
			continue
		}
		rec := *s.rec
		rec.Choice = u.choice
		s.rec = &rec
		v.noteWrite(Change{Session: s.rec})
	}
}

// assertion returns the choice of a new session that asserts a status again. It
// never overrules one that lives, but that offline wins among asserted ones.
func (v *View) assertion(user string, status Status, text string) *Choice {
	var live *Choice
	if u := v.users[user]; u != nil {
		live = u.choice
	}
	if status == 0 || user == "" {
		return live
	}
	c := &Choice{Status: status, Text: text, Stamp: nextStamp(live), By: v.cfg.Self, Asserted: true}
	if live == nil || live.Asserted && live.Status != StatusOffline && status == StatusOffline {
		return c
	}
	return live
}

func nextStamp(c *Choice) uint64 {
	if c == nil {
		return 1
	}
	return c.Stamp + 1
}
