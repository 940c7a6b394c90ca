package auth

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName bounds the name of a user or a channel, in bytes.
const MaxName = 255

// ErrName is what every error of [CheckName] and [CheckChannel] is.
var ErrName = errors.New("bad name")

// CheckName returns why a user may not have this name, or nil. A name is 1 to
// [MaxName] bytes of valid UTF-8 without control characters. Names are compared
// byte by byte, so two that look alike are two. The error does not repeat the name.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > MaxName:
		return fmt.Errorf("%w: it is %d bytes, want 1 to %d", ErrName, len(name), MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: it is not valid UTF-8", ErrName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: it has a control character", ErrName)
	}
	return nil
}

// CheckChannel is [CheckName] for channels, which may not begin with @ either:
// such names are kept for later use.
func CheckChannel(name string) error {
	if strings.HasPrefix(name, "@") {
		return fmt.Errorf("%w: channels may not begin with @", ErrName)
	}
	return CheckName(name)
}
