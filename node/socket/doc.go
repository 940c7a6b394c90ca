// Package socket is one WebSocket connection, made cheap to leave idle and
// cheap to write to. It knows the framing and the close codes, and no message.
//
// # Ownership
//
// Three parties touch a connection. One goroutine reads, and calls the [Handler]. It lives
// while there is something to read: a socket at rest is watched by the Acceptor's poller,
// and has neither goroutine nor buffers nor a connection of the library's (see reader). One goroutine writes, but only while there is
// something to write: one of the Acceptor's flusher, which never waits for a network, or
// one of the socket's own for what the network does not take at once. The WebSocket library
// reads frames for the first, and writes a close frame of its own at times, through a
// [wire], which keeps that frame from landing inside another.
//
// Over TLS, whose records hide what there is to read, on systems other than Linux, and on
// connections that are no file descriptors, one goroutine reads as long as the socket lives,
// and each write has one of its own.
//
// # Flow
//
// [Acceptor.Accept] upgrades a request, [Socket.Start] leaves the HTTP goroutine
// (and its grown stack) behind. [Frame] frames a message once for any
// number of sockets, for server frames carry no mask. [Socket.Send] and
// [Socket.Reply] queue finished frames and never block; all that waits leaves in as
// few writes as possible.
//
// # Bounds
//
// What waits for one socket is bounded in bytes. Beyond the bound Send refuses,
// and the handler is told once there is room; Reply has a reserve besides, and
// past that the socket is closed. A write that takes too long ends the socket.
//
// # Invariants
//
//   - Frames arrive in the order of the calls that queued them, all of one call or none.
//   - Nothing is written after a close frame.
//   - Closed is called exactly once, last, and no goroutine of the socket lives on.
//   - There is no timer per socket, but for one while it is being closed.
package socket
