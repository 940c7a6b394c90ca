// Package channels is the merged view of who is here, and holds every rule of
// presence: sessions and memberships in, rosters, statuses and events out.
//
// # Ownership
//
// Each node is the only writer of the entries of its own sockets. A [View] holds
// the union of all live nodes' entries and derives everything else from it:
// members, counts, statuses, events. Entries of different nodes are never
// compared by age, so no clock has to agree with another.
//
// A View has no clock, no goroutine, no network and no lock. Its owner holds one
// lock around every call, reading ones too, and passes the time in.
//
// # Flow
//
// [View.Apply] takes one atomic answer of a peer's table, [View.Lost] and
// [View.Left] its end. [View.Open], [View.Join] and their like change what this
// node holds, go the same way through the view, and leave what is to be told to the
// peers in [View.Writes]. [View.Tick] does what [View.Next] said was due.
//
// Every such call first changes entries, touching the users and members they
// concern, and then settles: each touched one is judged once, and only the
// difference between before and after the call makes an [Event], or goes into
// the next [Diff] of a followed channel. Whoever left and came back within one
// call was never gone.
//
// # Invariants
//
//   - A user is a member of a channel as soon as a live session holds it there, and
//     until the last hold is gone. A session in grace, or one that ended but is
//     awaited elsewhere, keeps a membership and never makes one.
//   - Applying an answer twice changes nothing the second time.
//   - The same calls give the same events in the same order: nothing that is
//     returned in order depends on the order of a map.
//   - When the last session of the last user is gone, nothing is left of it but
//     when the user was last seen, for a day.
package channels
