// Package mesh is the shell around the core of package gossip: it carries out
// what the core asks for and tells it what arrives. No rule of presence and
// none of life and death is here.
//
// # Parts
//
// One port, UDP and TCP. memberlist finds the other nodes and carries the core's
// datagrams. The router gives memberlist the TCP connections that begin as its
// own do, and keeps the streams. A stream is TLS 1.3 between two nodes that hold
// the same gossip key, or plain where there is no key; over it go frames, for
// each of which [gossip.Core.Next] is asked when the stream can take one.
//
// # Ownership
//
// The [Host] owns the core and the lock around it. A stream has one goroutine
// that reads and one that writes. [Mesh.Close] waits for everything that the
// mesh has started.
//
// # Order of locks
//
// memberlist calls the mesh while it holds its own lock (NotifyJoin and its
// like), so those calls only put a note in the inbox, and a goroutine without
// locks takes it to the Host. The one call that needs an answer, AckPayload, is
// made without memberlist's lock. Host.Do is never called with a lock of the
// mesh held; within it the mesh takes only its own, which are leaves.
// [Mesh.Carry] talks to memberlist, so a Host calls it after unlocking.
package mesh
