package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// sources finds the values of flags that are not on the command line: in the
// environment or, if they are not there either, in the file of --config.
//
// It does not use kong's own env tags, which print the value in their errors,
// secret or not, and do not say where it came from.
type sources struct {
	lookup  func(string) (string, bool)
	origins map[string]string // by flag: the variable, or file and line

	read bool // whether the file was read
	file map[string]setting
}

// variable returns the environment variable of a flag.
//
// Other variables that begin with ROLLCALL_ are none of our business, however
// much they look like a slip: Kubernetes sets ROLLCALL_PORT and more for a service
// of that name.
func variable(flag *kong.Flag) string {
	if name := flag.Tag.Get("variable"); name != "" {
		return name
	}
	return "ROLLCALL_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// Validate has nothing to check before there is a flag to resolve.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve returns the value of a flag, or nil if it has none. A variable that is
// empty counts as not set, since that is how scripts and compose files unset one.
func (s *sources) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Name == "help" {
		return nil, nil
	}
	if value, ok := s.lookup(variable(flag)); ok && value != "" {
		s.note(flag, variable(flag))
		return value, nil
	}
	if err := s.readFile(ctx); err != nil {
		return nil, err
	}
	value, ok := s.file[flag.Name]
	if !ok {
		return nil, nil
	}
	s.note(flag, value.origin)
	return value.value(flag)
}

func (s *sources) note(flag *kong.Flag, origin string) {
	if s.origins == nil {
		s.origins = make(map[string]string)
	}
	s.origins[flag.Name] = origin
}

// readFile reads the file of --config once, if the command has that flag.
func (s *sources) readFile(ctx *kong.Context) error {
	if s.read {
		return nil
	}
	s.read = true
	keys := make(map[string]bool)
	path := ""
	for _, flag := range ctx.Flags() {
		if flag.Name != "config" {
			keys[flag.Name] = flag.Name != "help"
			continue
		}
		path, _ = s.lookup(variable(flag))
		for _, typed := range ctx.Path {
			if typed.Flag == flag {
				path = fmt.Sprint(ctx.FlagValue(flag))
			}
		}
	}
	if path == "" {
		return nil
	}
	var err error
	s.file, err = readSettings(path, keys)
	return err
}
