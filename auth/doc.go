// Package auth turns tokens into identities: it holds the keys, checks the
// claims and says what a token may do. It knows no socket.
//
// # Flow
//
// [New] makes a [Verifier] of secrets, public keys and key sets. [Verifier.Verify]
// turns a JWT into an [Identity] or a [*Refusal]. The identity carries the [Rights]
// that its token claims; [Public.Rights] adds the channels which the node opens to
// everybody and gives the rights that count. [Sign] makes tokens, for tests and for
// the command line.
//
// # Invariants
//
//   - The key fixes the algorithm. A secret verifies HS256 and nothing else, an RSA
//     key RS256 and PS256, a P-256 key ES256, an Ed25519 key EdDSA. What the token
//     says of itself only chooses among the keys that fit; "none" fits no key.
//   - Nothing in the claims is looked at before the signature is good.
//   - Two different claims never give the same user: bytes that are not UTF-8, lone
//     surrogates and repeated claims are refused, where encoding/json would replace
//     the first two with U+FFFD and keep the last of the third.
//   - No error and no log holds a secret, a token, or a value taken from a token.
//
// # Which claims are read
//
//	exp       seconds since 1970, demanded; may have a fraction, as nbf may
//	nbf       if present
//	iss, aud  only if the verifier expects them; then demanded
//	username  the user's name; the claim's own name is configured
//	channels  what may be joined and watched: names, or prefixes ending in *
//	watch     what may only be watched
//	follow    who may be followed
//	profile   an object shown to other users, at most 1 KiB
//	status    the status to begin with: online, away, busy or offline
//
// Other claims are ignored, iat among them: an issuer whose clock is fast has made
// a token that is no worse for it, and exp and nbf say when it is good.
package auth
