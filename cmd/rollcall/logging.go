package main

import (
	"io"
	"log/slog"

	"github.com/alecthomas/kong"
)

// logLevel is the least that is logged.
type logLevel string

func (l *logLevel) Decode(ctx *kong.DecodeContext) error {
	s, err := oneOf(ctx, "debug", "info", "warn", "error")
	*l = logLevel(s)
	return err
}

// logFormat is how a line of the log looks.
type logFormat string

func (f *logFormat) Decode(ctx *kong.DecodeContext) error {
	s, err := oneOf(ctx, "text", "json")
	*f = logFormat(s)
	return err
}

// newLogger logs to w, which is stderr: stdout is for what a command is asked for.
func newLogger(w io.Writer, level logLevel, format logFormat) *slog.Logger {
	options := &slog.HandlerOptions{}
	var least slog.Level
	if least.UnmarshalText([]byte(level)) == nil {
		options.Level = least
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
