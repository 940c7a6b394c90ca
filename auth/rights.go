package auth

// Rights is what a token allows. As [Identity] carries it, it is what the token
// itself claims; [Public.Rights] turns that into what counts on a node. The zero
// value allows to join and watch nothing. Rights never change once made and may be
// used concurrently.
type Rights struct {
	join, watch, follow Patterns

	claimsChannels bool // the token has a channels or a watch claim, even an empty one
	claimsFollow   bool // the token has a follow claim, even an empty one
}

// MayJoin reports whether the channel may be joined. It does not check the name,
// see [CheckChannel].
func (r Rights) MayJoin(channel string) bool { return r.join.Match(channel) }

// MayWatch reports whether the channel may be watched, as every channel may that
// can be joined.
func (r Rights) MayWatch(channel string) bool {
	return r.join.Match(channel) || r.watch.Match(channel)
}

// MayFollow reports whether the user may be followed: without a follow claim
// anybody, else whom the claim lists.
func (r Rights) MayFollow(user string) bool { return !r.claimsFollow || r.follow.Match(user) }

// ClaimsFollow reports whether the token has a follow claim, be it empty. Without
// one, lastSeen and lastActivity are told only of users one shares a channel with.
func (r Rights) ClaimsFollow() bool { return r.claimsFollow }

// Equal reports whether both allow the same, so that a renewed token takes
// nothing away and gives nothing new.
func (r Rights) Equal(other Rights) bool {
	return r.join.Equal(other.join) && r.watch.Equal(other.watch) && r.follow.Equal(other.follow) &&
		r.claimsChannels == other.claimsChannels && r.claimsFollow == other.claimsFollow
}

// Public is which channels a node opens to everybody. The zero value opens none;
// [DefaultPublic] is what holds where nothing is configured.
type Public struct {
	Patterns Patterns

	// Explicit says that an operator listed the patterns: then they are open to
	// every user. Else they are a default, open only to tokens that have neither
	// a channels nor a watch claim.
	Explicit bool
}

// DefaultPublic opens every channel to every token that claims no rights of its own.
func DefaultPublic() Public { return Public{Patterns: Patterns{prefixes: []string{""}}} }

// ParsePublic reads the patterns that an operator listed: nil is [DefaultPublic],
// and an empty list, or one empty entry, opens no channel at all.
func ParsePublic(entries []string) (Public, error) {
	if entries == nil {
		return DefaultPublic(), nil
	}
	if len(entries) == 1 && entries[0] == "" {
		entries = nil
	}
	patterns, err := ParsePatterns(entries)
	if err != nil {
		return Public{}, err
	}
	return Public{Patterns: patterns, Explicit: true}, nil
}

// Rights returns what a user may do on the node whose token claims these rights.
func (p Public) Rights(claimed Rights) Rights {
	if p.Explicit || !claimed.claimsChannels {
		claimed.join = claimed.join.Union(p.Patterns)
	}
	claimed.claimsChannels = true // settled: it makes no two effective rights differ
	return claimed
}

// Anonymous returns what a socket without a token may do on the node: watch the
// public channels, join nothing and follow nobody.
func (p Public) Anonymous() Rights { return Rights{watch: p.Patterns, claimsFollow: true} }
