//go:build unix

package load

import "syscall"

// spareFiles are for all that is no client.
const spareFiles = 100

// allowFiles raises the limit of open files, as far as the system lets it, so that there is one for
// each client and two for each that is connecting.
func allowFiles(clients, connecting int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // then what fails will say why
	}
	need := uint64(clients + connecting + spareFiles)
	if uint64(limit.Cur) < need {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // below, it is seen what it came to
		_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
	if allowed := uint64(limit.Cur); allowed < need {
		return badPlan("%d clients need %d open files, and this system allows %d: see ulimit -Hn", clients, need, allowed)
	}
	return nil
}
