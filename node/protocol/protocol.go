// Package protocol is the JSON of rollcall.v1, the language between a node and
// its clients. It holds no socket, no state and no rule of presence.
//
// # Flow
//
// A text frame is one or more JSON objects, one a line. [Lines] splits it,
// [Decoder.Decode] makes a typed [Request] of each line, or an [Error] that says
// what to answer. The other way, the Append functions write one message each to
// the end of a buffer; [Roster] and [Diff] may need several messages, and
// hand them out part by part.
//
// # Invariants
//
//   - Decoding is strict: what encoding/json would repair, fold or drop in silence
//     (lone surrogates, keys in another case, a key given twice, floats
//     where integers are due) is refused.
//   - What is accepted holds no line break and is valid UTF-8, so it can be
//     handed on to other clients inside a message as it is.
//   - A message that is encoded is one line of valid JSON, given that the raw JSON
//     passed in came from here ([Compact]).
//
// All functions may be called concurrently. The protocol is described for
// people who write clients in node/PROTOCOL.md.
package protocol

// Subprotocol is the name of the protocol in the WebSocket handshake.
const Subprotocol = "rollcall.v1"

// Bounds of the protocol. They are part of it: no flag changes them.
const (
	MaxID      = 1<<53 - 1                // the largest id of a request, JavaScript's largest safe integer
	MaxMeta    = 1 << 10                  // bytes of hello's meta
	MaxText    = 256                      // bytes of a status text
	MaxUsers   = 200                      // names in one follow or unfollow
	MaxMembers = 512                      // members in one roster message
	MaxEntries = 512                      // joins, updates and leaves in one diff message
	MaxMessage = 64 << 10                 // bytes of one roster or diff message, unless one entry alone is larger
	MaxDepth   = 32                       // nesting of a request, its own braces included
	MaxIdle    = 10 * 365 * 24 * 3600_000 // milliseconds: ten years
	DefaultMax = 4 << 10                  // bytes of a membership's data, if the node sets no other bound
)
