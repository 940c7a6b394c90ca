package node

import (
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

// warning is how long before its end a token's bearer is told; a fifth of what is
// left of its life when it was shown, if that is less.
const warning = 30 * time.Second

// bearer is what a connection keeps of its token. Times are Unix milliseconds.
type bearer struct {
	user   string      // empty: nobody
	ends   int64       // that the token tells
	good   int64       // until then, with the leeway; not used without user
	warnAt int64       // when to tell that it ends; 0: that was done, or there is none
	rights auth.Rights // that count on this node
}

// bearerOf returns what to keep of a token that was shown now.
func (n *Node) bearerOf(identity auth.Identity, now time.Time) bearer {
	if identity.User == "" {
		return bearer{rights: n.public.Anonymous()}
	}
	before := min(warning, identity.Expires.Sub(now)/5)
	return bearer{user: identity.User, ends: identity.Expires.UnixMilli(), good: identity.GoodUntil.UnixMilli(),
		warnAt: identity.Expires.Add(-before).UnixMilli(), rights: n.public.Rights(identity.Rights)}
}

// outlived returns why a token that was good when it was verified is not any more, for its
// bearer had to wait since: for a key, for the node to know its cluster, or, with a token of
// the upgrade, to say hello. Nil: it is good.
func (n *Node) outlived(identity auth.Identity, now time.Time) error {
	if identity.User == "" || now.Before(identity.GoodUntil) {
		return nil
	}
	n.badToken.add(string(auth.ReasonExpired))
	return &auth.Refusal{Reason: auth.ReasonExpired, Detail: "it was good when it came, and is not any more"}
}

// never is later than any wait.
const never = 24 * time.Hour

// next returns how long it is until over or warns may change its answer.
func (b *bearer) next(now time.Time) time.Duration {
	if b.user == "" {
		return never
	}
	at := b.good
	if b.warnAt != 0 {
		at = min(at, b.warnAt)
	}
	return min(time.UnixMilli(at).Sub(now), never) // centuries are more than a Duration holds
}

// over reports whether the token is not good any more.
func (b *bearer) over(now time.Time) bool { return b.user != "" && now.UnixMilli() >= b.good }

// warns reports, once, that it is time to tell that the token ends soon.
func (b *bearer) warns(now time.Time) bool {
	due := b.warnAt != 0 && now.UnixMilli() >= b.warnAt
	if due {
		b.warnAt = 0
	}
	return due
}
