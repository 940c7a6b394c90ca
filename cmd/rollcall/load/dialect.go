package load

import "net/http"

// Dialect is what one kind of server wants to hear, and how it answers. All else about a
// client is the same for every server.
//
// To add a server, write a Dialect and a [Session] and nothing more: [Rollcall] is an example
// (dialect_rollcall.go), and [github.com/rollcall-presence/rollcall/cmd/rollcall/load/scan] reads
// JSON without garbage. Paths of the URL are given by the caller of the scenario. WebSocket
// frames, masks, fragments, and the pings of WebSocket itself are dealt with below it.
type Dialect interface {
	// Header is what the upgrade request has besides what every one has, such as
	// Sec-WebSocket-Protocol or a cookie; nil: nothing. It may be called concurrently.
	Header(user string) http.Header

	// Session returns one client's talk, before it is connected and before any clock runs: what
	// can be made beforehand, such as a token, is made here. former is that of the same user whose
	// socket was cut, so that the server's own way to resume can be used; nil: there is none.
	// It may be called concurrently.
	Session(user string, former Session) (Session, error)
}

// Session is one client's talk over one socket. Its methods are never called concurrently.
//
// What is to be sent is the text of one message, appended to b; if nothing is appended, nothing
// is sent. A scenario calls Hello once, after the upgrade; Join only after Read has told
// [Told.Welcome]; and Join again only some time after Leave. A client is in one channel at a time.
type Session interface {
	// Hello is the first message; nothing, if the server speaks first.
	Hello(b []byte) []byte

	// Join is the wish to be a member of a channel and to be told who else is, Leave its end.
	Join(b []byte, channel string) []byte
	Leave(b []byte, channel string) []byte

	// Bye is the farewell after which the server closes the socket; nothing, if there is none: then
	// the client cuts it.
	Bye(b []byte) []byte

	// Read understands one message of the server and tells what it means, in its order. It must be
	// cheap: it runs in the one goroutine that reads all sockets. text is only good until it
	// returns. An error ends the client, and fails the scenario.
	Read(text []byte, to Told) error
}

// Told is what a message can mean to a client. Slices are only read until the method returns.
//
// Names of users and channels are those that the scenario gave. What is told of another channel
// is a mistake of the server's. What is told after Leave and before Join is taken no notice of.
type Told interface {
	// Welcome: the server knows who the client is, and will take its Join.
	Welcome()

	// Roster begins the list of who is in the channel, in the place of all that was told before;
	// Member is one of them. A list in several messages is begun once. The client itself is one of the
	// members: if the server leaves it out, the Session adds it.
	Roster(channel []byte)
	Member(user []byte)

	// Entered: the answer to Join is complete, so the client is a member, and will be told of
	// whatever happens from now on. After a Roster that answers Join it comes once all Members were told.
	// partial: the server lists only some of the members, by its rules.
	Entered(channel []byte, partial bool)

	// Joined and Left: a user has come, or gone.
	Joined(channel, user []byte)
	Left(channel, user []byte)

	// Count: the server says that now, after what was told so far, the channel has that many members.
	// Servers that give no counts never say.
	Count(channel []byte, members int)

	// Answer sends a message back at once, such as the answer to a ping.
	Answer(text []byte)
}
