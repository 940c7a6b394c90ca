//go:build !unix

package load

// allowFiles has nothing to raise.
func allowFiles(_, _ int) error { return nil }
