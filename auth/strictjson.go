package auth

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Object returns the members of a JSON object, and false if it is none or could
// mean two things: bytes that are not UTF-8, surrogate escapes without their other half
// (both of which encoding/json replaces), or a name that is there twice (of which it
// takes the last). That is I-JSON, RFC 7493, except that objects inside may repeat names.
//
// The values are parts of object.
func Object(object []byte) (map[string]json.RawMessage, bool) {
	if !utf8.Valid(object) || !surrogatesPaired(object) || !json.Valid(object) {
		return nil, false
	}
	w := walker{rest: object}
	if !w.enter('{') {
		return nil, false
	}
	found := make(map[string]json.RawMessage)
	for w.more() {
		name, _ := readString(w.value())
		if _, twice := found[name]; twice {
			return nil, false
		}
		found[name] = w.value()
	}
	return found, true
}

// surrogatesPaired reports whether every \u escape of a surrogate is half of a pair.
// Outside of strings JSON has no backslash, so strings need not be told apart.
func surrogatesPaired(text []byte) bool {
	if bytes.IndexByte(text, '\\') < 0 {
		return true
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // what is escaped, be it another backslash
		high, ok := escaped(text, i)
		if !ok || !utf16.IsSurrogate(high) {
			continue
		}
		low, ok := escaped(text, i+6)
		if !ok || text[i+5] != '\\' || utf16.DecodeRune(high, low) == utf8.RuneError {
			return false
		}
		i += 10 // to the last digit of the low half
	}
	return true
}

// escaped returns the code unit of the escape uXXXX that begins at i, if one does.
func escaped(text []byte, i int) (rune, bool) {
	if len(text) < i+5 || text[i] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[i+1:i+5]), 16, 16)
	return rune(unit), err == nil
}
