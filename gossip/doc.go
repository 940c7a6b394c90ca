// Package gossip gives every node a copy of every other node's sessions, and
// decides which nodes live. It knows no rule of presence.
//
// # Ownership
//
// A session has one writer: the node that holds its socket. Peers copy its entry
// and never edit it, so no two copies are ever reconciled and no clocks need to
// agree. Records ([channels.Session], [channels.Membership]) are never changed
// once made; tables, copies and the view share them by pointer.
//
// # Flow
//
// [Core.Put] gives a change of our own the next number. A peer reads our [Table]
// over a [Link]: it says up to which number it is exact, and a cursor walks on
// from there. The sender keeps no queue: [Core.Next] finds what to send when the
// stream can take it, so a slow reader sees fewer, newer states. An answer ends
// only where the cursor meets the tip; until then [Copy] only stages it, and then
// applies it as one and shows the net changes to the [View].
//
// A [Ping] tells that its sender lives, with a beat that only grows, and what its
// table's number and digest are. A peer that is overdue is asked, directly and
// through all others, before it is given up: see [State].
//
// An [Order] asks a peer for something that only it can do, since it holds the session:
// see [Core.Order]. The peer answers with a [Receipt]. A query is an order to tell what is in
// no table, and its receipt has an [Account].
//
// # Invariants
//
//   - A copy at number n equals its origin's table as of n.
//   - Taking an answer twice changes nothing the second time.
//   - Only a higher beat is a sign of life. At second hand it carries its age.
//   - Silence is counted in our own running time: see clock.
//   - No goroutine, clock or socket lives here. Package mesh has them.
package gossip
