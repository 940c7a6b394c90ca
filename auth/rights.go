package auth

// Rights is what a token allows. As [Identity] carries it, it is what the token
// itself claims; [Public.Rights] turns that into what counts on a node. The zero
// value allows to join and watch nothing. Rights never change once made and may be
// used concurrently; they take one word, and copies share what they stand for.
type Rights struct{ of *rights } // nil: a token without such claims

// rights are fixed once they are part of a Rights.
type rights struct {
	join, watch, follow Patterns

	claimsChannels bool // the token has a channels or a watch claim, even an empty one
	claimsFollow   bool // the token has a follow claim, even an empty one
}

var noClaims rights

// get returns what r stands for, to be read.
func (r Rights) get() *rights {
	if r.of == nil {
		return &noClaims
	}
	return r.of
}

// MayJoin reports whether the channel may be joined. It does not check the name,
// see [CheckChannel].
func (r Rights) MayJoin(channel string) bool { return r.get().join.Match(channel) }

// MayWatch reports whether the channel may be watched, as every channel may that
// can be joined.
func (r Rights) MayWatch(channel string) bool {
	return r.get().join.Match(channel) || r.get().watch.Match(channel)
}

// MayFollow reports whether the user may be followed: without a follow claim
// anybody, else whom the claim lists.
func (r Rights) MayFollow(user string) bool {
	return !r.get().claimsFollow || r.get().follow.Match(user)
}

// ClaimsFollow reports whether the token has a follow claim, be it empty. Without
// one, lastSeen and lastActivity are told only of users one shares a channel with.
func (r Rights) ClaimsFollow() bool { return r.get().claimsFollow }

// Equal reports whether both allow the same, so that a renewed token takes
// nothing away and gives nothing new.
func (r Rights) Equal(other Rights) bool {
	a, b := r.get(), other.get()
	return a.join.Equal(b.join) && a.watch.Equal(b.watch) && a.follow.Equal(b.follow) &&
		a.claimsChannels == b.claimsChannels && a.claimsFollow == b.claimsFollow
}

// Public is which channels a node opens to everybody. The zero value opens none;
// [DefaultPublic] is what holds where nothing is configured.
type Public struct {
	Patterns Patterns

	// Explicit says that an operator listed the patterns: then they are open to
	// every user. Else they are a default, open only to tokens that have neither
	// a channels nor a watch claim.
	Explicit bool

	unclaimed, anonymous Rights // of all of these; zero: each has its own
}

// DefaultPublic opens every channel to every token that claims no rights of its own.
func DefaultPublic() Public { return Public{Patterns: Patterns{prefixes: []string{""}}}.shared() }

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
	return Public{Patterns: patterns, Explicit: true}.shared(), nil
}

// shared returns p with the rights that all have in common who bring none of their own.
func (p Public) shared() Public {
	p.unclaimed, p.anonymous = p.Rights(Rights{}), p.Anonymous()
	return p
}

// Rights returns what a user may do on the node whose token claims these rights.
func (p Public) Rights(claimed Rights) Rights {
	open := p.Explicit || !claimed.get().claimsChannels
	switch {
	case claimed.of == nil && p.unclaimed.of != nil:
		return p.unclaimed
	case !open || claimed.get().claimsChannels && p.Patterns.Empty():
		return claimed
	}
	all := *claimed.get()
	all.join = all.join.Union(p.Patterns)
	all.claimsChannels = true // settled: it makes no two effective rights differ
	return Rights{&all}
}

// Anonymous returns what a socket without a token may do on the node: watch the
// public channels, join nothing and follow nobody.
func (p Public) Anonymous() Rights {
	if p.anonymous.of != nil {
		return p.anonymous
	}
	return Rights{&rights{watch: p.Patterns, claimsFollow: true}}
}
