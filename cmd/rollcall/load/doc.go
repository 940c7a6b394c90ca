// Package load puts load on presence servers over WebSocket, and measures them from outside.
//
// # Flow
//
// A scenario ([Idle], [Accept], [Joins], [Mass], [Churn], [Storm], [Silent]) makes a crowd of
// clients, spread over the addresses in turn. What the server's protocol is like, only a
// [Dialect] knows: [Rollcall] is one, and others can be written elsewhere. All else is the
// same for every server: names, sockets, clocks, and what is counted.
//
// # Truth
//
// A scenario knows who is in which channel, since it sent them there. Each client keeps what
// the server told it. Whoever is missing, a ghost, or told of twice is found, and makes the
// scenario fail: an answer that is fast and wrong is worth nothing.
//
// # Cost
//
// Clients share the machine with the server that is measured, so they must be cheap. One
// goroutine reads all sockets (on Linux by epoll, with one buffer), notes the time of each read,
// and lets the client's [Session] understand the frame at once. A client at rest holds a few
// hundred bytes. Nothing here is shared with the server's code but the signing of tokens.
package load
