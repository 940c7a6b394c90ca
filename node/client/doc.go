// Package client speaks the wire protocol rollcall.v1 from the other side: for
// "rollcall watch", for tests, and for load tests with thousands of sockets in
// one process.
//
// # Parts
//
// A [Client] is one connection: it sends requests, waits for their answers,
// answers pings, and hands every message of the node to one function. It does
// not reconnect, and ends with its socket; but when the node is going away, it says
// when to go ([Client.Drained]) and makes the next one before it ends
// ([Client.Move]). A [Rosters] is what a follower knows
// of its channels; it knows no socket, and outlives the connections that feed
// it, so that after a reconnect only differences show.
//
//	var rosters client.Rosters
//	c, err := client.Dial(ctx, url, client.Hello{Token: token}, func(m *client.Message) {
//		changes, err := rosters.Apply(m)
//		…
//	})
//	_, err = c.Join(ctx, "room.1", nil)
//
// # Cost
//
// A client at rest holds one goroutine, no timer (but one when its node drains) and no more buffer than the
// WebSocket library keeps for a connection. Whether a node has fallen silent is
// asked by whoever watches over many clients, with [Client.Heard].
//
// # Trust
//
// A client used in tests must hide no fault of the node: a gap between
// versions, a member who joins twice or leaves without having been there, and a
// count that is not that of the members are errors of [Rosters.Apply].
package client
