//go:build !linux

package load

// poller is only on Linux; elsewhere each socket has a goroutine.
type poller struct{}

func newPoller() *poller { return nil }

func (*poller) end()                    {}
func (*poller) add(*socket) bool        { return false }
func (*poller) mute(int)                {}
func (*poller) remove(int)              {}
func (*poller) write(int, []byte) error { return nil }
