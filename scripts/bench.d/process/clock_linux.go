package process

import (
	"syscall"
	"time"
	"unsafe"
)

// processorTime reads the clock of a process, which stands beside the ticks in
// /proc/PID/stat and counts nanoseconds: what 2,000 idle sockets cost is a few ticks.
func processorTime(id int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED: user and system time of all threads, also of those that ended
	var t syscall.Timespec
	clock := uintptr(^id<<3 | scheduler)
	if _, _, e := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		return 0, e
	}
	return time.Duration(t.Nano()), nil
}
