package node

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-presence/rollcall/channels"
	"github.com/rollcall-presence/rollcall/node/protocol"
	"github.com/rollcall-presence/rollcall/node/socket"
)

// person is a user whom sockets of this node follow.
//
// She is looked at under Node.mu, and what is seen makes words: one for those who may
// know her dates, one for the others. A word is encoded and framed once, and goes to the sockets
// after the lock is released. Words carry versions, so that who was told a newer one
// is not told an older one: no order among those who deliver them is needed.
type person struct {
	name string

	// Guarded by Node.mu.
	ties       []*tie
	full, bare *word    // as she was last seen; the same if there is no date to keep back
	version    uint64   // of the newest word
	left       []string // channels that showed her until she went offline; until the next flush
	flushed    time.Time
	changed    time.Time   // when the oldest change came that is not told; zero: there is none
	queued     bool        // in Node.changed
	batch      *time.Timer // to the next flush; nil: none is asked for, or it is due now
}

// tie is one socket's interest in a person.
type tie struct {
	conn   *conn
	person *person

	// Guarded by Node.mu.
	place int   // in person.ties
	knows *word // what it was told last, or will be; nil: nothing yet

	// Guarded by conn.mu.
	told *word // the last one sent; nil: none yet
	held bool  // the answer to its follow is yet to come, and tells the newest
	owed bool  // in conn.owed
	gone bool  // nothing more is sent
}

// word is what may be told of a person.
type word struct {
	version uint64
	info    channels.UserInfo
	frame   []byte // nil until it is first told; guarded by Node.mu until then
}

// look takes in how a person is now.
func (n *Node) look(p *person) {
	info := n.core.View.User(p.name)
	if p.full != nil && p.full.info == info {
		return
	}
	p.version += 2
	p.full = &word{version: p.version, info: info}
	p.bare = p.full
	if info.LastActivity != 0 || info.LastSeen != 0 {
		info.LastActivity, info.LastSeen = 0, 0
		p.bare = &word{version: p.version - 1, info: info} // who knows less may be told more
	}
}

// judge returns what a socket may be told of its person, as she was last looked at.
// Sharing says who shares a channel with her, and is asked only if it matters.
func (t *tie) judge(sharing func(user string) bool) *word {
	p, c := t.person, t.conn
	switch {
	case p.full == p.bare, c.rights.ClaimsFollow(), !p.full.isNews(t.knows), sharing(c.user):
		return p.full
	}
	return p.bare
}

// sharing is [channels.View.Sharing] of a person, prepared when it is first asked.
func (n *Node) sharing(p *person) func(user string) bool {
	var shares func(string) bool
	return func(user string) bool {
		if shares == nil {
			shares = n.core.View.Sharing(p.name, p.left)
		}
		return shares(user)
	}
}

// isNews reports whether a word says anything to who knows that one.
func (w *word) isNews(known *word) bool {
	return known == nil || !w.info.SameFor(known.info) || w.info.LastSeen != 0 && known.info.LastSeen == 0
}

// framed returns the word as a message of its own. Node.mu is held.
func (w *word) framed() []byte {
	if w.frame == nil {
		u := asUser(w.info)
		w.frame = socket.Frame(protocol.AppendUser(nil, &u))
	}
	return w.frame
}

func asUser(u channels.UserInfo) protocol.User {
	return protocol.User{User: u.User, Status: u.Status.String(), Since: u.Since, LastActivity: u.LastActivity,
		LastSeen: u.LastSeen, Text: u.Text}
}

// tie makes a socket follow a person.
func (n *Node) tie(c *conn, name string) *tie {
	p := n.people[name]
	if p == nil {
		p = &person{name: strings.Clone(name)}
		n.people[p.name] = p
		n.core.View.FollowUser(p.name)
		n.record()
	}
	t := &tie{conn: c, person: p, place: len(p.ties)}
	p.ties = append(p.ties, t)
	if c.ties == nil {
		c.ties = map[string]*tie{}
	}
	c.ties[p.name] = t
	n.ties++
	return t
}

// untie ends that.
func (n *Node) untie(t *tie) {
	p, c := t.person, t.conn
	last := len(p.ties) - 1
	p.ties[t.place] = p.ties[last]
	p.ties[t.place].place = t.place
	p.ties[last] = nil
	p.ties = p.ties[:last]
	delete(c.ties, p.name)
	n.ties--
	t.end()
	if last > 0 {
		return
	}
	if p.batch != nil {
		p.batch.Stop()
	}
	delete(n.people, p.name)
	n.core.View.UnfollowUser(p.name)
	n.record()
}

// end lets nothing more of the person be sent.
func (t *tie) end() {
	c := t.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	t.gone = true
	c.settleWith(t)
}

// tiesByName returns a socket's ties in order of name.
func (c *conn) tiesByName() []*tie {
	all := make([]*tie, 0, len(c.ties))
	for _, name := range slices.Sorted(maps.Keys(c.ties)) {
		all = append(all, c.ties[name])
	}
	return all
}

// record says which events of the view are wanted here: all of them for the log, the joins
// if somebody is to be told more of those with whom she begins to share a channel, and what
// subscribers want, once there is something to be told.
func (n *Node) record() {
	kinds := channels.SessionDisconnected
	switch {
	case n.logsPresence:
		kinds = channels.AllKinds
	case len(n.people) > 0:
		kinds |= channels.ChannelJoined
	}
	for _, l := range n.news.subscribers {
		if n.news.known {
			kinds |= l.kinds
		}
	}
	n.core.View.Record(kinds)
}
