package protocol

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/rollcall-presence/rollcall/auth"
)

// field is a key that some request knows.
type field uint8

const (
	fieldType field = iota
	fieldID
	fieldToken
	fieldResume
	fieldState
	fieldIdle
	fieldStatus
	fieldText
	fieldMeta
	fieldChannel
	fieldData
	fieldMode
	fieldUsers
	fields // how many there are
)

var fieldNames = [fields]string{
	"type", "id", "token", "resume", "state", "idle", "status", "text", "meta", "channel", "data", "mode", "users",
}

// fieldOf returns the field with that key, or fields if there is none. Keys
// are compared byte by byte: "TYPE" is not "type".
func fieldOf(key []byte) field {
	for f, name := range fieldNames {
		if name == string(key) {
			return field(f)
		}
	}
	return fields
}

// form is a request as it was written. Its methods read one field each; the first that is
// wrong sets err, and nothing is returned from then on that matters.
type form struct {
	raw [fields][]byte // nil: left out
	id  ID
	err *Error
}

func (f *form) fail(code Code, at field, format string, args ...any) {
	if f.err == nil {
		f.err = &Error{int64(f.id), code, fieldNames[at] + " " + fmt.Sprintf(format, args...)}
	}
}

// has reports whether the field is there; if not and it has to be, the form is wrong.
func (f *form) has(at field, required bool) bool {
	if f.raw[at] == nil && required {
		f.fail(BadRequest, at, "is missing")
	}
	return f.raw[at] != nil
}

// text returns a string, empty if it is left out.
func (f *form) text(at field, required bool) string { return string(f.bytes(at, required)) }

// bytes returns a string that may share memory with the line.
func (f *form) bytes(at field, required bool) []byte {
	if !f.has(at, required) {
		return nil
	}
	raw := f.raw[at]
	if raw[0] != '"' {
		f.fail(BadRequest, at, "is not a string")
		return nil
	}
	return unquote(raw[1 : len(raw)-1])
}

// word returns one of the words given; the field may be left out if there is an otherwise.
func (f *form) word(at field, otherwise string, words ...string) string {
	got := f.bytes(at, otherwise == "")
	if f.raw[at] == nil {
		return otherwise
	}
	for _, w := range words {
		if string(got) == w {
			return w
		}
	}
	f.fail(BadRequest, at, "is none of %s", strings.Join(words, ", "))
	return otherwise
}

// integer returns a number from least to most, 0 if it is left out.
func (f *form) integer(at field, least, most int64) int64 {
	if !f.has(at, false) {
		return 0
	}
	raw := f.raw[at]
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < least || n > most || raw[0] == '-' {
		f.fail(BadRequest, at, "is not an integer from %d to %d", least, most)
		return 0
	}
	return n
}

// object returns a JSON object in one line, of at most that many bytes.
func (f *form) object(at field, required bool, most int) string {
	if !f.has(at, required) {
		return ""
	}
	if f.raw[at][0] != '{' {
		f.fail(BadRequest, at, "is not an object")
		return ""
	}
	object := squeeze(f.raw[at])
	if len(object) > most {
		f.fail(TooLarge, at, "is %d bytes, at most %d are taken", len(object), most)
	}
	return object
}

// channel returns the channel.
func (f *form) channel() string {
	name := f.text(fieldChannel, true)
	if f.err == nil {
		if err := auth.CheckChannel(name); err != nil {
			f.fail(BadRequest, fieldChannel, "is a %v", err)
		}
	}
	return name
}

// mode returns what a follower wants to be told.
func (f *form) mode() Mode {
	if f.word(fieldMode, "members", "members", "count") == "count" {
		return Count
	}
	return Members
}

// users returns a list of names.
func (f *form) users() []string {
	if !f.has(fieldUsers, true) {
		return nil
	}
	raw := f.raw[fieldUsers]
	if raw[0] != '[' {
		f.fail(BadRequest, fieldUsers, "is not an array")
		return nil
	}
	// An upper bound of the names, for they may hold commas themselves.
	users := make([]string, 0, min(1+bytes.Count(raw, []byte{','}), MaxUsers))
	s := scanner{b: raw}
	_ = s.array(2, func(value []byte) error { // it was stepped over before, without error
		if value[0] != '"' {
			f.fail(BadRequest, fieldUsers, "holds something else than strings")
			return errBroken
		}
		name := string(unquote(value[1 : len(value)-1]))
		if err := auth.CheckName(name); err != nil {
			f.fail(BadRequest, fieldUsers, "holds a %v", err)
			return errBroken
		}
		if len(users) == MaxUsers {
			f.fail(LimitReached, fieldUsers, "holds more than %d names", MaxUsers)
			return errBroken
		}
		users = append(users, name)
		return nil
	})
	return users
}
