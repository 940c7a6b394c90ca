package auth

import (
	"testing"
)

// claimed returns the rights that claims of this raw JSON give.
func claimed(t *testing.T, pairs ...string) Rights {
	t.Helper()
	v := newVerifier(t, Config{Secrets: []Secret{secret}})
	id, err := v.Verify(composeHS(t, claimsWith(t, pairs...)), now)
	if err != nil {
		t.Fatal(err)
	}
	return id.Rights
}

func TestRightsCombineWithPublicChannels(t *testing.T) {
	lobby, err := ParsePublic([]string{"lobby"})
	if err != nil {
		t.Fatal(err)
	}
	none, err := ParsePublic([]string{""})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		about         string
		public        Public
		claims        []string
		channel       string
		join, watches bool
	}{
		{"the default opens all to a token without rights", DefaultPublic(), nil, "room", true, true},
		{"the default opens nothing beside channels", DefaultPublic(), []string{"channels", `["a"]`}, "room", false, false},
		{"the default opens nothing beside watch", DefaultPublic(), []string{"watch", `["a"]`}, "room", false, false},
		{"an empty list is a list", DefaultPublic(), []string{"channels", `[]`}, "room", false, false},
		{"an empty watch list is a list", DefaultPublic(), []string{"watch", `[]`}, "room", false, false},
		{"follow is no right to channels", DefaultPublic(), []string{"follow", `[]`}, "room", true, true},
		{"channels may be joined and watched", DefaultPublic(), []string{"channels", `["room"]`}, "room", true, true},
		{"watch may only be watched", DefaultPublic(), []string{"watch", `["room"]`}, "room", false, true},
		{"listed public channels are open besides", lobby, []string{"channels", `["a"]`}, "lobby", true, true},
		{"and no others", lobby, []string{"channels", `["a"]`}, "room", false, false},
		{"nor others to a token without rights", lobby, nil, "room", false, false},
		{"a public channel on the watch list may be joined", lobby, []string{"watch", `["lobby"]`}, "lobby", true, true},
		{"what is claimed stays open", lobby, []string{"channels", `["ro*"]`}, "room", true, true},
		{"no public channel at all", none, nil, "room", false, false},
		{"nothing configured is the default", must(ParsePublic(nil)), nil, "room", true, true},
	} {
		r := tt.public.Rights(claimed(t, tt.claims...))
		if r.MayJoin(tt.channel) != tt.join || r.MayWatch(tt.channel) != tt.watches {
			t.Errorf("%s: join %v, watch %v", tt.about, r.MayJoin(tt.channel), r.MayWatch(tt.channel))
		}
	}
}

func must(p Public, err error) Public {
	if err != nil {
		panic(err)
	}
	return p
}

func TestAnonymousSocketsOnlyWatchPublicChannels(t *testing.T) {
	for _, tt := range []struct {
		about   string
		public  Public
		watches bool
	}{
		{"by default all", DefaultPublic(), true},
		{"a listed one", must(ParsePublic([]string{"ro*"})), true},
		{"not another", must(ParsePublic([]string{"lobby"})), false},
		{"none is public", Public{}, false},
	} {
		r := tt.public.Anonymous()
		if r.MayWatch("room") != tt.watches {
			t.Errorf("%s: watch %v", tt.about, r.MayWatch("room"))
		}
		if r.MayJoin("room") || r.MayFollow("bob") {
			t.Errorf("%s: may join or follow", tt.about)
		}
	}
}

func TestFollowClaimLimitsWhoMayBeFollowed(t *testing.T) {
	for _, tt := range []struct {
		about        string
		claims       []string
		bob, carol   bool
		claimsFollow bool
	}{
		{"without one anybody", nil, true, true, false},
		{"listed users", []string{"follow", `["bob"]`}, true, false, true},
		{"an empty list is nobody", []string{"follow", `[]`}, false, false, true},
		{"a star is everybody", []string{"follow", `["*"]`}, true, true, true},
	} {
		r := DefaultPublic().Rights(claimed(t, tt.claims...))
		if r.MayFollow("bob") != tt.bob || r.MayFollow("carol") != tt.carol || r.ClaimsFollow() != tt.claimsFollow {
			t.Errorf("%s: bob %v, carol %v, claim %v", tt.about, r.MayFollow("bob"), r.MayFollow("carol"), r.ClaimsFollow())
		}
	}
}

func TestRightsAreEqualIfTheyAllowTheSame(t *testing.T) {
	base := claimed(t, "channels", `["b","a"]`, "follow", `["x"]`)
	if !base.Equal(claimed(t, "channels", `["a","b","a"]`, "follow", `["x"]`)) {
		t.Error("the order counts")
	}
	for about, other := range map[string]Rights{
		"more channels":          claimed(t, "channels", `["a","b","c"]`, "follow", `["x"]`),
		"no follow claim":        claimed(t, "channels", `["a","b"]`),
		"other users":            claimed(t, "channels", `["a","b"]`, "follow", `["y"]`),
		"watch instead of join":  claimed(t, "watch", `["a","b"]`, "follow", `["x"]`),
		"something to watch too": claimed(t, "channels", `["a","b"]`, "watch", `["c"]`, "follow", `["x"]`),
	} {
		if base.Equal(other) {
			t.Errorf("%s: equal", about)
		}
	}
	if claimed(t).Equal(claimed(t, "channels", `[]`)) {
		t.Error("no claim equals an empty one, which opens less")
	}
	public := must(ParsePublic([]string{"lobby"}))
	if !public.Rights(claimed(t)).Equal(public.Rights(claimed(t, "channels", `[]`))) {
		t.Error("rights that count differ though they allow the same")
	}
}

// Most sockets of a node have the same rights, which take memory once.
func TestRightsThatAllHaveAreShared(t *testing.T) {
	listed := claimed(t, "channels", `["room.*"]`)
	for about, public := range map[string]Public{"default": DefaultPublic(), "listed": must(ParsePublic([]string{"lobby", "room.*"}))} {
		var r Rights
		if n := testing.AllocsPerRun(10, func() { r = public.Rights(Rights{}); r = public.Anonymous() }); n != 0 {
			t.Errorf("%s: %v allocations for who brings no rights, want none", about, n)
		}
		if r.MayJoin("room.1") || !r.MayWatch("room.1") {
			t.Errorf("%s: anonymous sockets may join, or may not watch", about)
		}
	}
	public := DefaultPublic()
	if n := testing.AllocsPerRun(10, func() { listed = public.Rights(listed) }); n != 0 || !listed.MayJoin("room.1") || listed.MayJoin("lobby") {
		t.Errorf("%v allocations for what a token claims, want none", n)
	}
}
