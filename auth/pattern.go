package auth

import (
	"fmt"
	"slices"
	"strings"
)

// MaxPatterns bounds the entries of one list of patterns.
const MaxPatterns = 1000

// Patterns is a set of names: some in full, some by prefix. The zero value holds
// none. Patterns never change once made and may be shared and used concurrently.
//
// Both lists are sorted, and hold nothing that one of the prefixes covers. So at most
// one prefix can fit a name, the greatest that is not above it, and one search finds it.
type Patterns struct {
	names    []string
	prefixes []string // without the star; one empty prefix is everything
}

// ParsePatterns reads a list of at most [MaxPatterns] entries. An entry that ends
// in * is a prefix, and a lone * everything; any other is a name, in which a star
// further ahead is a plain character. The errors do not repeat an entry.
func ParsePatterns(entries []string) (Patterns, error) {
	if len(entries) > MaxPatterns {
		return Patterns{}, fmt.Errorf("%d patterns, want at most %d", len(entries), MaxPatterns)
	}
	var p Patterns
	for i, entry := range entries {
		if entry == "*" {
			p.prefixes = append(p.prefixes, "")
			continue
		}
		part, isPrefix := strings.CutSuffix(entry, "*")
		if err := CheckName(part); err != nil {
			return Patterns{}, fmt.Errorf("pattern %d: %w", i+1, err)
		}
		if isPrefix {
			p.prefixes = append(p.prefixes, part)
		} else {
			p.names = append(p.names, part)
		}
	}
	return p.reduce(), nil
}

// reduce sorts p in place and drops what a prefix covers.
func (p Patterns) reduce() Patterns {
	slices.Sort(p.prefixes)
	kept := p.prefixes[:0]
	for _, prefix := range p.prefixes {
		// What covers a prefix is sorted before it, with nothing kept between.
		if n := len(kept); n == 0 || !strings.HasPrefix(prefix, kept[n-1]) {
			kept = append(kept, prefix)
		}
	}
	p.prefixes = slices.Clip(kept)
	p.names = slices.DeleteFunc(p.names, p.covers)
	slices.Sort(p.names)
	p.names = slices.Clip(slices.Compact(p.names))
	return p
}

// covers reports whether name begins with one of the prefixes.
func (p Patterns) covers(name string) bool {
	i, exact := slices.BinarySearch(p.prefixes, name)
	return exact || i > 0 && strings.HasPrefix(name, p.prefixes[i-1])
}

// Match reports whether the set holds name. It takes the logarithm of the number
// of entries and allocates nothing.
func (p Patterns) Match(name string) bool {
	if p.covers(name) {
		return true
	}
	_, found := slices.BinarySearch(p.names, name)
	return found
}

// Empty reports whether the set holds no name at all.
func (p Patterns) Empty() bool { return len(p.names) == 0 && len(p.prefixes) == 0 }

// Equal reports whether both sets are written with the same patterns, repeats and
// what a prefix covers left aside.
func (p Patterns) Equal(q Patterns) bool {
	return slices.Equal(p.names, q.names) && slices.Equal(p.prefixes, q.prefixes)
}

// Union returns the names of both. It shares memory with p or q where one of
// them holds all of it, so that sessions with the same rights cost nothing extra.
func (p Patterns) Union(q Patterns) Patterns {
	switch {
	case q.Empty() || p.everything():
		return p
	case p.Empty() || q.everything():
		return q
	}
	return Patterns{
		names:    slices.Concat(p.names, q.names),
		prefixes: slices.Concat(p.prefixes, q.prefixes),
	}.reduce()
}

func (p Patterns) everything() bool { return len(p.prefixes) == 1 && p.prefixes[0] == "" }

// Entries returns the patterns as they are written, names first, each part sorted.
// What a prefix covers is gone.
func (p Patterns) Entries() []string {
	entries := slices.Clone(p.names)
	for _, prefix := range p.prefixes {
		entries = append(entries, prefix+"*")
	}
	return entries
}
