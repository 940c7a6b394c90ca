package auth

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// MaxProfile bounds the profile claim, in bytes of JSON without needless space.
const MaxProfile = 1 << 10

// maxDate is the last second of the year 9999. A later date is most often one in
// milliseconds, which would be good for thousands of years.
const maxDate = 253_402_300_799

// Identity is who a token says its bearer is, and what it claims for her.
type Identity struct {
	// User is the username claim, exact to the byte. See CheckName.
	User string

	// Expires is the exp claim, in whole milliseconds. GoodUntil is that plus the leeway:
	// from then on the token is not good any more, for connecting and for staying.
	Expires, GoodUntil time.Time

	// Rights is what the token claims; Public.Rights makes it what counts.
	Rights Rights

	// Profile is the profile claim, a JSON object without needless space of at
	// most MaxProfile bytes; empty if there is none.
	Profile string

	// Status is the status claim: online, away, busy or offline; empty if there is none.
	Status string
}

// rules are what claims are checked against. They are fixed.
type rules struct {
	issuers, audiences []string
	userClaim          string
	leeway             time.Duration
}

// identity reads the claims of a token whose signature is good.
func (r rules) identity(object []byte, now time.Time) (Identity, *Refusal) {
	claims, ok := Object(object)
	if !ok {
		return Identity{}, refuse(ReasonMalformed, "its claims are no JSON object of one meaning")
	}
	var id Identity
	var refusal *Refusal
	if id.Expires, refusal = r.checkDates(claims, now); refusal != nil {
		return Identity{}, refusal
	}
	id.GoodUntil = id.Expires.Add(r.leeway)
	if refusal = r.checkParties(claims); refusal != nil {
		return Identity{}, refusal
	}
	if id.User, refusal = readUser(claims[r.userClaim], r.userClaim); refusal != nil {
		return Identity{}, refusal
	}
	var errs [3]error
	id.Rights, errs[0] = readRights(claims)
	id.Profile, errs[1] = readProfile(claims["profile"])
	id.Status, errs[2] = readStatus(claims["status"])
	if err := cmp.Or(errs[:]...); err != nil {
		return Identity{}, refuse(ReasonBadClaim, err.Error())
	}
	return id, nil
}

// checkDates returns when the token expires, if it is good now.
func (r rules) checkDates(claims map[string]json.RawMessage, now time.Time) (time.Time, *Refusal) {
	if absent(claims["exp"]) {
		return time.Time{}, refuse(ReasonNoExpiry, "it has no exp claim, so it would be good for ever")
	}
	expires, err := readDate(claims["exp"])
	if err != nil {
		return time.Time{}, refuse(ReasonBadClaim, "exp: "+err.Error())
	}
	if late := now.Sub(expires.Add(r.leeway)); late >= 0 {
		return time.Time{}, refuse(ReasonExpired, fmt.Sprintf("by %v, leeway of %v included", late.Round(time.Millisecond), r.leeway))
	}
	if absent(claims["nbf"]) {
		return expires, nil
	}
	begins, err := readDate(claims["nbf"])
	if err != nil {
		return time.Time{}, refuse(ReasonBadClaim, "nbf: "+err.Error())
	}
	if early := begins.Add(-r.leeway).Sub(now); early > 0 {
		return time.Time{}, refuse(ReasonNotYetValid, fmt.Sprintf("for %v, leeway of %v included", early.Round(time.Millisecond), r.leeway))
	}
	return expires, nil
}

// checkParties checks who issued the token and for whom.
func (r rules) checkParties(claims map[string]json.RawMessage) *Refusal {
	if len(r.issuers) > 0 {
		issuer, ok := readString(claims["iss"])
		if !ok || !slices.Contains(r.issuers, issuer) {
			return refuse(ReasonIssuer, "its iss is not the one expected here")
		}
	}
	if len(r.audiences) > 0 {
		audience, ok := readString(claims["aud"])
		list := []string{audience}
		if !ok {
			list, ok = readList(claims["aud"])
		}
		meant := func(name string) bool { return slices.Contains(r.audiences, name) }
		if !ok || !slices.ContainsFunc(list, meant) {
			return refuse(ReasonAudience, "its aud does not name this service")
		}
	}
	return nil
}

func readUser(value json.RawMessage, claim string) (string, *Refusal) {
	if absent(value) {
		return "", refuse(ReasonNoUsername, fmt.Sprintf("it has no claim %q", claim))
	}
	user, ok := readString(value)
	if !ok {
		return "", refuse(ReasonBadUsername, fmt.Sprintf("claim %q is not a string", claim))
	}
	if err := CheckName(user); err != nil {
		return "", refuse(ReasonBadUsername, fmt.Sprintf("claim %q: %v", claim, err))
	}
	return user, nil
}

// readRights reads the three lists. Here null is a wrong type, not an absent claim:
// an issuer that writes it for an empty list would else give away everything.
func readRights(claims map[string]json.RawMessage) (Rights, error) {
	var r rights
	for _, list := range []struct {
		name     string
		patterns *Patterns
		present  *bool
	}{
		{"channels", &r.join, &r.claimsChannels},
		{"watch", &r.watch, &r.claimsChannels},
		{"follow", &r.follow, &r.claimsFollow},
	} {
		value, present := claims[list.name]
		if !present {
			continue
		}
		*list.present = true
		entries, ok := readList(value)
		if !ok {
			return Rights{}, errors.New(list.name + ": want a list of names, or of prefixes ending in *")
		}
		var err error
		if *list.patterns, err = ParsePatterns(entries); err != nil {
			return Rights{}, fmt.Errorf("%s: %w", list.name, err)
		}
	}
	if !r.claimsChannels && !r.claimsFollow {
		return Rights{}, nil
	}
	return Rights{&r}, nil
}

func readProfile(value json.RawMessage) (string, error) {
	if absent(value) {
		return "", nil
	}
	if value[0] != '{' {
		return "", errors.New("profile: want an object")
	}
	if bytes.ContainsAny(value, " \t\r\n") {
		var compact bytes.Buffer
		_ = json.Compact(&compact, value) // it is valid
		value = compact.Bytes()
	}
	if len(value) > MaxProfile {
		return "", fmt.Errorf("profile: it is %d bytes, want at most %d", len(value), MaxProfile)
	}
	return string(value), nil
}

func readStatus(value json.RawMessage) (string, error) {
	if absent(value) {
		return "", nil
	}
	status, ok := readString(value)
	if !ok || !validStatus(status) {
		return "", errors.New("status: want online, away, busy or offline")
	}
	return status, nil
}

func validStatus(status string) bool {
	switch status {
	case "", "online", "away", "busy", "offline":
		return true
	}
	return false
}

// absent reports whether a claim is missing or null.
func absent(value json.RawMessage) bool { return len(value) == 0 || value[0] == 'n' }

// readString returns the text of a JSON string, which [Object] has found to be
// without anything that decoding would replace.
func readString(value json.RawMessage) (text string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	return text, json.Unmarshal(value, &text) == nil
}

// readList returns the texts of a JSON array of strings.
func readList(value json.RawMessage) ([]string, bool) {
	w := walker{value}
	if !w.enter('[') {
		return nil, false
	}
	list := []string{}
	for w.more() {
		text, ok := readString(w.value())
		if !ok {
			return nil, false
		}
		list = append(list, text)
	}
	return list, true
}

// readDate returns the time of a NumericDate, RFC 7519 §2, to the millisecond.
func readDate(value json.RawMessage) (time.Time, error) {
	seconds, err := strconv.ParseFloat(string(value), 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax): // another type; JSON has no NaN
		return time.Time{}, errors.New("want a number of seconds")
	case err != nil || seconds > maxDate || seconds < -maxDate:
		return time.Time{}, errors.New("beyond the year 9999: want seconds since 1970, not milliseconds")
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
}
