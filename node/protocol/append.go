package protocol

import (
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. U+2028 and U+2029 are escaped, for they end a line in
// JavaScript source; what is not UTF-8 becomes U+FFFD, for a client would refuse the message.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0 // what of s is in dst
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = appendEscape(append(dst, s[done:i]...), c)
			i++
			done = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(append(dst, s[done:i]...), `\ufffd`...)
			done = i + n
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[done:i]...), `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
			done = i + n
		}
		i += n
	}
	return append(append(dst, s[done:]...), '"')
}

// appendEscape appends a quote, a backslash or a control character.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}

// The functions below append one field. Each begins with a comma: "type" goes
// before them all.

func appendText(dst []byte, key, value string) []byte {
	return appendString(appendKey(dst, key), value)
}

func appendInt(dst []byte, key string, value int64) []byte {
	return strconv.AppendInt(appendKey(dst, key), value, 10)
}

func appendUint(dst []byte, key string, value uint64) []byte {
	return strconv.AppendUint(appendKey(dst, key), value, 10)
}

// appendRaw appends a value that is JSON already.
func appendRaw(dst []byte, key, value string) []byte {
	return append(appendKey(dst, key), value...)
}

func appendKey(dst []byte, key string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

// appendType begins a message, with the id of the request that it answers, if it has one.
func appendType(dst []byte, kind string, id int64) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, '"')
	if id != 0 {
		dst = appendInt(dst, "id", id)
	}
	return dst
}
