package auth

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPatternsMatch(t *testing.T) {
	for _, tt := range []struct {
		entries string
		in, out string
	}{
		{"room.1", "room.1", "room room.10 Room.1"},
		{"room.*", "room. room.1 room.*", "room roomy"},
		{"*", "a * @x", ""},
		{"a** b*c", "a* a*x b*c", "a ab bc bxc"},
		{"a* ab* abc b", "a ab abd b", "ba c"},
		{"é*", "é écoute", "e \u00c3"},
		{"", "", "a *"},
	} {
		p, err := ParsePatterns(strings.Fields(tt.entries))
		if err != nil {
			t.Fatalf("%q: %v", tt.entries, err)
		}
		for _, name := range strings.Fields(tt.in) {
			if !p.Match(name) {
				t.Errorf("%q does not match %q", tt.entries, name)
			}
		}
		for _, name := range strings.Fields(tt.out) {
			if p.Match(name) {
				t.Errorf("%q matches %q", tt.entries, name)
			}
		}
	}
}

func TestPatternsAreBounded(t *testing.T) {
	most := slices.Repeat([]string{"a"}, MaxPatterns)
	if _, err := ParsePatterns(most); err != nil {
		t.Errorf("%d entries: %v", len(most), err)
	}
	for about, entries := range map[string][]string{
		"one too many":        append(most, "a"),
		"an empty entry":      {"a", ""},
		"too long a name":     {strings.Repeat("a", 256)},
		"too long a prefix":   {strings.Repeat("a", 256) + "*"},
		"a control character": {"a\nb"},
		"not UTF-8":           {"\xff*"},
	} {
		if _, err := ParsePatterns(entries); err == nil {
			t.Errorf("%s is taken", about)
		}
	}
	if _, err := ParsePatterns([]string{strings.Repeat("a", 255) + "*"}); err != nil {
		t.Errorf("the longest prefix: %v", err)
	}
}

func TestPatternsAreEqualHoweverWritten(t *testing.T) {
	parse := func(entries string) Patterns {
		p, err := ParsePatterns(strings.Fields(entries))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if !parse("b a a* ab a* b").Equal(parse("a* b")) {
		t.Error("order, repeats and covered entries count")
	}
	for _, pair := range [][2]string{{"a", "a*"}, {"a", "b"}, {"", "*"}, {"a*", "b*"}} {
		if parse(pair[0]).Equal(parse(pair[1])) {
			t.Errorf("%q equals %q", pair[0], pair[1])
		}
	}
	if got, want := parse("b a z* zz*").Entries(), []string{"a", "b", "z*"}; !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

func TestUnionSharesMemoryWithTheLarger(t *testing.T) {
	all, _ := ParsePatterns([]string{"*"})
	some, _ := ParsePatterns([]string{"a", "b*"})
	if n := testing.AllocsPerRun(10, func() { some.Union(all); all.Union(some); some.Union(Patterns{}) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// matches is the plain meaning of a list of patterns.
func matches(entries []string, name string) bool {
	return slices.ContainsFunc(entries, func(entry string) bool {
		prefix, ok := strings.CutSuffix(entry, "*")
		return entry == name && !ok || ok && strings.HasPrefix(name, prefix)
	})
}

func TestPatternsMeanWhatTheyPlainlyMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few letters, so that entries cover each other often.
		entry := rapid.StringMatching(`[ab]{1,4}\*?|\*`)
		p, q := rapid.SliceOf(entry).Draw(t, "p"), rapid.SliceOf(entry).Draw(t, "q")
		name := rapid.StringMatching(`[ab]{0,5}`).Draw(t, "name")
		a, errA := ParsePatterns(p)
		b, errB := ParsePatterns(q)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got := a.Match(name); got != matches(p, name) {
			t.Errorf("%q match %q: %v", p, name, got)
		}
		if got := a.Union(b).Match(name); got != (matches(p, name) || matches(q, name)) {
			t.Errorf("union of %q and %q match %q: %v", p, q, name, got)
		}
		if !a.Union(b).Equal(b.Union(a)) {
			t.Errorf("union of %q and %q depends on the order", p, q)
		}
		again, err := ParsePatterns(a.Entries())
		if err != nil || !again.Equal(a) {
			t.Errorf("%q are not what their entries %q say", p, a.Entries())
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("room.*\nroom.1", "room.1")
	f.Add("*", "")
	f.Add("a\nab*\na*", "abc")
	f.Add("**\n*a", "*a")
	f.Add("\xff*", "\xff")
	f.Fuzz(func(t *testing.T, list, name string) {
		entries := strings.Split(list, "\n")
		p, err := ParsePatterns(entries)
		if err != nil {
			if !p.Empty() {
				t.Error("patterns along with an error")
			}
			return
		}
		if got, want := p.Match(name), matches(entries, name); got != want {
			t.Errorf("%q match %q: %v, want %v", entries, name, got, want)
		}
		for _, entry := range entries {
			if literal, isPrefix := strings.CutSuffix(entry, "*"); !p.Match(literal) && (isPrefix || entry != "") {
				t.Errorf("%q do not match %q", entries, literal)
			}
		}
	})
}
