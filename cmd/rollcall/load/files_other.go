//go:build !unix

package load

// allowFiles has nothing to raise.
func (c *crowd) allowFiles() error { return nil }
