package protocol

import (
	"fmt"
	"unicode"
)

// checkName returns what is wrong with the name of a user, or "".
// The name is valid UTF-8.
func checkName(name string) string {
	if n := len(name); n < 1 || n > MaxName {
		return fmt.Sprintf("is %d bytes long, want 1 to %d", n, MaxName)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return "holds a control character"
		}
	}
	return ""
}

// checkChannel returns what is wrong with the name of a channel, or "".
func checkChannel(name string) string {
	if name != "" && name[0] == '@' {
		return "begins with @, which is kept for later use"
	}
	return checkName(name)
}
