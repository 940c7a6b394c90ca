// Package scan reads JSON that comes over and over again: without garbage, in one pass, and
// trusting the sender to write correct JSON. It is for load generators, which read a thousand
// times what one server wrote; what is broken is an error or is skipped, and never a panic.
package scan

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"encoding/json"
)

// Scanner reads one text from its beginning to its end. The zero value is at the end.
type Scanner struct {
	text []byte
	at   int
	bad  bool
}

// New returns a scanner at the beginning of a text.
func New(text []byte) Scanner { return Scanner{text: text} }

var errBroken = errors.New("broken JSON")

// Err returns why reading could not go on; nil: it could.
func (s *Scanner) Err() error {
	if !s.bad {
		return nil
	}
	return fmt.Errorf("%w at byte %d of %.80q", errBroken, s.at, s.text)
}

// Peek returns the first byte of the next value or sign, 0 at the end.
func (s *Scanner) Peek() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take goes past a sign, if it comes next.
func (s *Scanner) take(c byte) bool {
	if s.bad || s.Peek() != c {
		return false
	}
	s.at++
	return true
}

// Object calls field for each field of an object, with its key. field must read the value.
func (s *Scanner) Object(field func(key []byte)) { s.list('{', '}', func() { s.field(field) }) }

func (s *Scanner) field(field func(key []byte)) {
	key := s.Text()
	if !s.take(':') {
		s.bad = true
		return
	}
	field(key)
}

// Array calls item for each item of an array. item must read it.
func (s *Scanner) Array(item func()) { s.list('[', ']', item) }

func (s *Scanner) list(first, last byte, item func()) {
	if !s.take(first) {
		s.bad = true
		return
	}
	if s.take(last) {
		return
	}
	for !s.bad {
		was := s.at
		item()
		if s.at == was {
			s.bad = true // nothing was read, and so it would be for ever
		}
		if s.take(last) {
			return
		}
		if !s.take(',') {
			s.bad = true
		}
	}
}

// Text reads a string and returns its content, which is only good as long as the text is.
func (s *Scanner) Text() []byte {
	if !s.take('"') {
		s.bad = true
		return nil
	}
	begin, escaped := s.at, false
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '\\':
			escaped = true
			s.at++
		case '"':
			s.at++
			if escaped {
				return s.unescape(s.text[begin-1 : s.at])
			}
			return s.text[begin : s.at-1]
		}
		s.at++
	}
	s.at, s.bad = len(s.text), true
	return nil
}

// unescape is slow, and made for what hardly ever comes.
func (s *Scanner) unescape(quoted []byte) []byte {
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil || !utf8.ValidString(text) {
		s.bad = true
	}
	return []byte(text)
}

// Int reads an integer.
func (s *Scanner) Int() (n int64) {
	negative := s.take('-')
	begin := s.at
	for s.Peek() != 0 && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		n = n*10 + int64(s.text[s.at]-'0')
		s.at++
	}
	if digits := s.at - begin; digits < 1 || digits > 18 {
		s.bad = true
	}
	if negative {
		return -n
	}
	return n
}

// Bool reads true or false.
func (s *Scanner) Bool() bool {
	word := s.word()
	if string(word) != "true" && string(word) != "false" {
		s.bad = true
	}
	return string(word) == "true"
}

// word reads a number, true, false or null.
func (s *Scanner) word() []byte {
	s.Peek()
	begin := s.at
	if n := bytes.IndexAny(s.text[s.at:], ",]} \t\r\n:\""); n >= 0 {
		s.at += n
	} else {
		s.at = len(s.text)
	}
	if s.at == begin {
		s.bad = true
	}
	return s.text[begin:s.at]
}

// Skip goes past the next value.
func (s *Scanner) Skip() {
	switch s.Peek() {
	case '"':
		s.Text()
	case '{', '[':
		s.skipNested()
	default:
		s.word()
	}
}

// skipNested goes past an object or array, however deep.
func (s *Scanner) skipNested() {
	for depth := 0; s.at < len(s.text) && !s.bad; {
		switch s.text[s.at] {
		case '"':
			s.Text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return
		}
	}
	s.bad = true
}

// More reports whether something is left.
func (s *Scanner) More() bool { return !s.bad && s.Peek() != 0 }
