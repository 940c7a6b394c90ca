package node

import (
	"testing"
	"time"

	"github.com/rollcall-presence/rollcall/auth"
)

func TestTokenThatIsGoodForAgesIsNotLookedAtAllTheTime(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, expires := range []time.Time{now.AddDate(1, 0, 0), now.AddDate(293, 0, 0), now.AddDate(600, 0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)} {
		b := new(Node).bearerOf(auth.Identity{User: "alice", Expires: expires, GoodUntil: expires.Add(auth.DefaultLeeway)}, now)
		if next := b.next(now); next < time.Hour || next > never {
			t.Errorf("a token that ends in %d is looked at again after %v, want %v at most and an hour at least", expires.Year(), next, never)
		}
		if b.over(now) || b.warns(now) {
			t.Errorf("a token that ends in %d is taken to end now", expires.Year())
		}
	}
}
