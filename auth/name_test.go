package auth

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestNamesFollowTheRules(t *testing.T) {
	for _, tt := range []struct {
		about, name    string
		user, channels bool
	}{
		{"one byte", "a", true, true},
		{"the longest", strings.Repeat("a", 255), true, true},
		{"one byte too long", strings.Repeat("a", 256), false, false},
		{"too long in bytes, not in letters", strings.Repeat("é", 128), false, false},
		{"empty", "", false, false},
		{"not UTF-8", "a\xff", false, false},
		{"a surrogate in UTF-8 clothes", "\xed\xa0\x80", false, false},
		{"an overlong encoding", "\xc0\x80", false, false},
		{"a line feed", "a\nb", false, false},
		{"a NUL", "\x00", false, false},
		{"DEL", "\x7f", false, false},
		{"a C1 control", "\u0085", false, false},
		{"space", "a b", true, true},
		{"an emoji", "👩‍🚀", true, true},
		{"a key of every JavaScript object", "__proto__", true, true},
		{"a star", "*", true, true},
		{"an @ at the start", "@alice", true, false},
		{"an @ inside", "alice@example.com", true, true},
		{"the replacement character itself", "\ufffd", true, true},
	} {
		for kind, check := range map[string]struct {
			err  error
			want bool
		}{
			"user":    {CheckName(tt.name), tt.user},
			"channel": {CheckChannel(tt.name), tt.channels},
		} {
			if (check.err == nil) != check.want || check.err != nil && !errors.Is(check.err, ErrName) {
				t.Errorf("%s as %s: %v, want ok %v", tt.about, kind, check.err, check.want)
			}
		}
	}
}

func FuzzCheckName(f *testing.F) {
	for _, seed := range []string{"", "alice", "@", "a\x00", "\xff", "é", "\u0085", "\u2028", "👩‍🚀", strings.Repeat("x", 256)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		good := len(name) >= 1 && len(name) <= 255 && utf8.ValidString(name)
		for _, r := range name {
			good = good && !unicode.Is(unicode.Cc, r)
		}
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("CheckName(%q) = %v, want ok %v", name, err, good)
		}
		if err := CheckChannel(name); (err == nil) != (good && name[0] != '@') {
			t.Errorf("CheckChannel(%q) = %v", name, err)
		}
	})
}
