// Package processtest shows the promises of a cluster on real processes: it builds
// cmd/rollcall, starts "rollcall serve" as a user would, on loopback with gossip
// encrypted, and then kills, pauses, restarts and insults the processes while
// real clients come and go. It holds nothing but tests.
//
// # How a test knows that nothing happened
//
// Nothing here sleeps to see whether something happens. A watcher records every
// event of its channel. To show that there was none, a marker user joins through
// every node, whose event has to arrive at every watcher on the way that a
// wrong event would have taken; then all that was recorded are the markers. Where
// a wrong event would come late, the markers are made after that time.
//
// # How a test knows what webhooks have to tell
//
// Each node tells on its event stream what it sees, and each user's events are sent by
// one node. So the receiver has to get, of each user, all that the stream of one of the
// nodes tells, in its order; and nothing that no stream tells.
//
// # Flags
//
//	go test ./node/processtest             the pace made fast, so that minutes become seconds
//	go test ./node/processtest -full -v    also at the default pace, floods of 10s, and the load at full size with -race
//	scripts/faults                         five nodes on hosts of their own, whose network fails (Linux, root)
//	go test ./node/processtest -logs       print what the processes logged, not only on failure
package processtest
