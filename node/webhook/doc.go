// Package webhook decides which node of a cluster sends an event to the backend, and
// when: each event is sent by one node, and by another if that one dies. It has no
// clock, no goroutine and no socket, but for [Post], which sends one batch.
//
// # Who sends
//
// Every node sees every event. The key of an event is its user or, if it has none, its
// session or node; [choose] gives each key to one of the nodes that serve. While all
// nodes know of the same ones, each event is sent exactly once, and everything of one
// user by one node, in order.
//
// A node counts itself as soon as it knows the cluster, and the others a little later;
// it counts itself a little longer than the others do once it drains. So whoever a node leaves an event
// to has seen it too, and for that little time there may be two who send it.
//
// What others are to send is kept for a while. When one of them is lost, what it may not
// have sent is given to the others: then receivers see repeats, with the same ids.
//
// # Bounds
//
// What waits and what is kept are bounded in bytes; what there is no room for is
// dropped, the oldest first, and counted.
package webhook
