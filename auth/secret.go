package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a key that must not be seen: it prints, logs and encodes as a
// placeholder. Convert it to []byte to use it.
type Secret []byte

const hidden = "[secret]"

// String returns a placeholder.
func (Secret) String() string { return hidden }

// Format prints a placeholder, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText returns a placeholder, for JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
