package protocol

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// str steps over a string.
func (s *scanner) str() error {
	if !s.eat('"') {
		return errBroken
	}
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < 0x20:
			return errBroken
		default:
			s.i++
		}
	}
	return errBroken
}

// escape steps over one escape, or over the two that make a surrogate pair.
func (s *scanner) escape() error {
	if s.i+1 >= len(s.b) {
		return errBroken
	}
	if s.b[s.i+1] != 'u' {
		if unescaped[s.b[s.i+1]] == 0 {
			return errBroken
		}
		s.i += 2
		return nil
	}
	r := hex4(s.b[s.i:])
	if r < 0 {
		return errBroken
	}
	s.i += 6
	if !utf16.IsSurrogate(r) {
		return nil
	}
	if utf16.DecodeRune(r, hex4(s.b[s.i:])) == utf8.RuneError {
		return errSurrogate
	}
	s.i += 6
	return nil
}

// unescaped is what the byte after a backslash stands for; 0: no such escape.
var unescaped = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// hex4 returns the code unit of an escape like \u00e9 at the start of b, or -1.
func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// unquote returns the text of a string that a scanner stepped over, given
// without its quotes: b itself if nothing in it is escaped.
func unquote(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			out = append(out, b[i])
			i++
			continue
		}
		if b[i+1] != 'u' {
			out = append(out, unescaped[b[i+1]])
			i += 2
			continue
		}
		r := hex4(b[i:])
		i += 6
		if utf16.IsSurrogate(r) {
			r = utf16.DecodeRune(r, hex4(b[i:]))
			i += 6
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
