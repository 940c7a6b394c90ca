package auth

import (
	"errors"
	"slices"
)

// Every refusal is one of these two, by [errors.Is]. Their texts are the codes of
// the wire protocol.
var (
	// ErrExpired means that the client should come back with a fresh token.
	ErrExpired = errors.New("expired")

	// ErrUnauthorized means that the token proves nothing.
	ErrUnauthorized = errors.New("unauthorized")
)

// Reason says why a token was refused, in words fit for a metric's label.
type Reason string

const (
	ReasonMalformed       Reason = "malformed"        // not a JWT, or its JSON has two meanings
	ReasonTooLarge        Reason = "too_large"        // longer than MaxToken
	ReasonAlgorithm       Reason = "algorithm"        // no key, or not the named one, takes its algorithm
	ReasonUnknownKey      Reason = "unknown_key"      // names no key, or one that is in no key set
	ReasonKeysUnavailable Reason = "keys_unavailable" // as above, and a key set could not be fetched yet
	ReasonSignature       Reason = "signature"        // no key made it
	ReasonNoExpiry        Reason = "no_expiry"        // without exp
	ReasonExpired         Reason = "expired"          // exp plus leeway is over
	ReasonNotYetValid     Reason = "not_yet_valid"    // nbf minus leeway is to come
	ReasonIssuer          Reason = "issuer"           // not by an expected issuer
	ReasonAudience        Reason = "audience"         // not for an expected audience
	ReasonNoUsername      Reason = "no_username"      // without the username claim
	ReasonBadUsername     Reason = "bad_username"     // a username that breaks the rules for names
	ReasonBadClaim        Reason = "bad_claim"        // another claim has the wrong type, form or size
)

var reasons = []Reason{
	ReasonMalformed, ReasonTooLarge, ReasonAlgorithm, ReasonUnknownKey, ReasonKeysUnavailable,
	ReasonSignature, ReasonNoExpiry, ReasonExpired, ReasonNotYetValid, ReasonIssuer, ReasonAudience,
	ReasonNoUsername, ReasonBadUsername, ReasonBadClaim,
}

// Reasons returns every reason there is, so that a metric can begin at zero for each.
func Reasons() []Reason { return slices.Clone(reasons) }

// Refusal is the error of [Verifier.Verify]. It is [ErrExpired] if its reason is
// [ReasonExpired], else [ErrUnauthorized].
type Refusal struct {
	Reason Reason

	// Detail is for people. It is made of fixed words, configured values and
	// durations, never of what the token holds, so it may be logged and sent.
	Detail string
}

// Error returns the reason and the detail.
func (r *Refusal) Error() string { return "token refused: " + string(r.Reason) + ": " + r.Detail }

// Is tells [errors.Is] which of the two sentinels the refusal is.
func (r *Refusal) Is(target error) bool {
	if r.Reason == ReasonExpired {
		return target == ErrExpired
	}
	return target == ErrUnauthorized
}

func refuse(reason Reason, detail string) *Refusal { return &Refusal{Reason: reason, Detail: detail} }
