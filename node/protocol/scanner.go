package protocol

import (
	"errors"
	"strconv"
)

// Why a line is not acceptable JSON.
var (
	errBroken    = errors.New("broken JSON")
	errDeep      = errors.New("nested too deep")
	errSurrogate = errors.New("lone surrogate in a string")
	errRange     = errors.New("number out of range")
	errUTF8      = errors.New("not UTF-8")
)

// scanner steps over JSON that was found to be valid UTF-8. It is strict where
// encoding/json repairs: half a surrogate pair is an error, not U+FFFD.
type scanner struct {
	b []byte
	i int // the next byte
}

// peek returns the next byte, 0 at the end. (A raw 0 is an error wherever it stands.)
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// eat steps over c if it is next.
func (s *scanner) eat(c byte) bool {
	if s.peek() != c || s.i == len(s.b) {
		return false
	}
	s.i++
	return true
}

func (s *scanner) space() {
	for s.i < len(s.b) && isSpace(s.b[s.i]) {
		s.i++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// value steps over one value that stands at the given depth.
func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case c == '"':
		return s.str()
	case c == '{':
		return s.object(depth, nil)
	case c == '[':
		return s.array(depth, nil)
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	default:
		return s.number()
	}
}

// object steps over an object. It calls each, if given, with every key (between
// its quotes) and value, as they are written.
func (s *scanner) object(depth int, each func(key, value []byte) error) error {
	if depth > MaxDepth {
		return errDeep
	}
	if !s.eat('{') {
		return errBroken
	}
	for first := true; ; first = false {
		s.space()
		if first && s.eat('}') {
			return nil
		}
		start := s.i
		if err := s.str(); err != nil {
			return err
		}
		key := s.b[start+1 : s.i-1]
		if s.space(); !s.eat(':') {
			return errBroken
		}
		s.space()
		start = s.i
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if each != nil {
			if err := each(key, s.b[start:s.i]); err != nil {
				return err
			}
		}
		if s.space(); s.eat('}') {
			return nil
		}
		if !s.eat(',') {
			return errBroken
		}
	}
}

// array steps over an array. It calls each, if given, with every element as it
// is written.
func (s *scanner) array(depth int, each func(value []byte) error) error {
	if depth > MaxDepth {
		return errDeep
	}
	if !s.eat('[') {
		return errBroken
	}
	for first := true; ; first = false {
		s.space()
		if first && s.eat(']') {
			return nil
		}
		start := s.i
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if each != nil {
			if err := each(s.b[start:s.i]); err != nil {
				return err
			}
		}
		if s.space(); s.eat(']') {
			return nil
		}
		if !s.eat(',') {
			return errBroken
		}
	}
}

func (s *scanner) literal(word string) error {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		return errBroken
	}
	s.i += len(word)
	return nil
}

// number steps over a number. One that no double can hold is refused: JavaScript
// reads it as Infinity, and others refuse the whole message it stands in.
func (s *scanner) number() error {
	start := s.i
	s.eat('-')
	if !s.eat('0') && !s.digits() {
		return errBroken
	}
	if s.eat('.') && !s.digits() {
		return errBroken
	}
	exponent := s.eat('e') || s.eat('E')
	if exponent {
		if !s.eat('+') {
			s.eat('-')
		}
		if !s.digits() {
			return errBroken
		}
	}
	if exponent || s.i-start > 300 {
		if _, err := strconv.ParseFloat(string(s.b[start:s.i]), 64); err != nil {
			return errRange
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}
