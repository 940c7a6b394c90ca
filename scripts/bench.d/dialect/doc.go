// Package dialect has the clients of other presence servers, as [load.Dialect] wants them.
// Each does what the client library of its server does, in as few messages as the server
// takes, so that the server is what is measured. The servers are in ../peers.
package dialect

import "github.com/rollcall-presence/rollcall/cmd/rollcall/load"

// Tokens makes the token of a user. It may be called concurrently.
type Tokens func(user string) (string, error)

// present is who a client was told is in its channel. Servers that tell of the same user
// again and again leave it to their client to notice.
type present struct {
	channel []byte
	users   map[string]bool
}

// begin starts with nobody in a channel.
func (p *present) begin(channel string) { p.channel, p.users = []byte(channel), map[string]bool{} }

// came tells of a user who was not there.
func (p *present) came(user []byte, to load.Told) {
	if p.users != nil && !p.users[string(user)] {
		p.users[string(user)] = true
		to.Joined(p.channel, user)
	}
}

// left tells of a user who was there.
func (p *present) left(user []byte, to load.Told) {
	if p.users[string(user)] {
		delete(p.users, string(user))
		to.Left(p.channel, user)
	}
}

// enter tells of all who are there as of a list.
func (p *present) enter(to load.Told) {
	to.Roster(p.channel)
	for user := range p.users {
		to.Member([]byte(user))
	}
	to.Entered(p.channel, false)
}
