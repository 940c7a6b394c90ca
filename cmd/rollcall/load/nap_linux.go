package load

import (
	"syscall"
	"time"
)

// nap sleeps without the Go runtime, whose timers are late by up to a millisecond. It is for short times.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // a signal ends it early, and the caller looks at the clock
}
