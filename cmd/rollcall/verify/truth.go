// Package verify compares what nodes show with what they hold.
//
// The truth is what each node holds by its own sockets ([Truth]). It is read before and after the
// nodes are asked what they show of all, so that what changed meanwhile is no difference
// ([Compare], [Compared.Confirm]). News takes a moment to travel, and graces are not over at
// once, so only a difference counts that is there in every round ([Lasting]).
//
// # Invariants
//
//   - Only what is held all the while can be missing, and only what is held at neither time can
//     be a ghost.
//   - What an unasked node may hold is neither.
//   - Nothing but names, and a few words for each, is kept of what is read page by page.
package verify

import "github.com/rollcall-presence/rollcall/node"

// place is a user in a channel.
type place struct{ channel, user string }

// Truth is what nodes hold by their own sockets. The zero Truth is not ready: see [NewTruth].
type Truth struct {
	Sessions int // with a socket
	InGrace  int // without one, as it should be

	sessions map[string]session // by id
	places   map[place]bool     // in which users are held; true: by a live session, which has to be shown
	asked    map[string]bool    // nodes, by id
	names    map[string]string  // of users and channels, each held once
}

// session is one that some node holds.
type session struct {
	socket bool
	user   string
}

// NewTruth returns the truth of no node.
func NewTruth() *Truth {
	return &Truth{sessions: map[string]session{}, places: map[place]bool{}, asked: map[string]bool{}, names: map[string]string{}}
}

// Asked says that a node has told all that it holds.
func (t *Truth) Asked(node string) { t.asked[node] = true }

// Add takes what a node told of one of its own sessions. One without a socket that is in no
// grace is held by nobody. One of a hidden user may not be in a roster, and one in
// grace keeps her there but does not bring her there.
func (t *Truth) Add(s node.HeldSession) {
	if s.Held == nil || !s.Held.Socket && s.Held.GraceUntil == 0 {
		return
	}
	user := t.name(s.User)
	t.sessions[s.ID] = session{s.Held.Socket, user}
	if s.Held.Socket {
		t.Sessions++
	} else {
		t.InGrace++
	}
	if s.User == "" || s.Hidden {
		return
	}
	live := s.Held.Socket && s.Held.GraceUntil == 0
	for _, channel := range s.Channels {
		p := place{t.name(channel), user}
		t.places[p] = t.places[p] || live
	}
}

// Members returns how many places live sessions hold.
func (t *Truth) Members() (n int) {
	for _, live := range t.places {
		if live {
			n++
		}
	}
	return n
}

// name returns a text that is shared with all that are equal.
func (t *Truth) name(text string) string {
	if known, ok := t.names[text]; ok {
		return known
	}
	t.names[text] = text
	return text
}
