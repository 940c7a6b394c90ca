// Package dev is what "rollcall dev" runs: a whole cluster in this process, on loopback, and
// a page to watch it by.
//
// # Ownership
//
// A [Cluster] owns its members. A member is a place in the cluster, with a name and ports that
// stay; its node is another one after each start. Pausing and killing are done to the node
// itself, by its methods Freeze and Crash: to its peers and clients it is as if a process of
// its own had been stopped or killed.
//
// # Flow
//
// [Server] serves the page, and what it asks for. Presence is not among that: the page is a
// client of the nodes like any other, with the script that they serve. It only learns here
// what no client may know: how the nodes are, what they think of each other, and how many
// devices somebody has.
//
// # Safety
//
// Whoever reaches the server may be anybody and kill nodes, so it listens on loopback only, and
// answers only requests for its own host that no other web page has made.
package dev
