package protocol

import (
	"fmt"
	"unicode/utf8"
)

// Compact checks a JSON object that is to be handed on to clients, such as a
// token's profile, and returns it in one line without spaces. It holds to the
// rules for data in requests: valid UTF-8, no lone surrogate, no number that
// is too large for a double, nesting up to MaxDepth. A key that is given twice
// stays: which of the two counts is for the reader to say.
func Compact(object []byte) (string, error) {
	if !utf8.Valid(object) {
		return "", fmt.Errorf("compact JSON object: %w", errUTF8)
	}
	s := scanner{b: object}
	s.space()
	start := s.i
	if err := s.object(1, nil); err != nil {
		return "", fmt.Errorf("compact JSON object: %w", err)
	}
	end := s.i
	if s.space(); s.i != len(s.b) {
		return "", fmt.Errorf("compact JSON object: %w", errBroken)
	}
	return squeeze(object[start:end]), nil
}

// squeeze returns valid JSON without the space between its tokens.
func squeeze(b []byte) string {
	i := firstSpace(b)
	if i == len(b) {
		return string(b)
	}
	out := append(make([]byte, 0, len(b)), b[:i]...)
	for i < len(b) {
		for i < len(b) && isSpace(b[i]) {
			i++
		}
		n := firstSpace(b[i:])
		out = append(out, b[i:i+n]...)
		i += n
	}
	return string(out)
}

// firstSpace returns the index of the first space between tokens, len(b) if there is none.
// b begins between tokens.
func firstSpace(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && isSpace(c):
			return i
		}
	}
	return len(b)
}
