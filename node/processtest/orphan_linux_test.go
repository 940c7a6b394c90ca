package processtest

import "syscall"

// noOrphan has a process killed with this one, should the tests be killed.
func noOrphan() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
