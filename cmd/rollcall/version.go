package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand is "rollcall version".
type versionCommand struct{}

// Run prints the version, and the revision if it is known.
func (versionCommand) Run(p process) error {
	version := "unknown"
	if build, ok := debug.ReadBuildInfo(); ok {
		version = build.Main.Version
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				version += " " + setting.Value
			}
		}
	}
	_, err := fmt.Fprintf(p.stdout, "rollcall %s, %s, %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
