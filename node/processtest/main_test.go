//go:build unix

package processtest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var (
	full     = flag.Bool("full", false, "also run at the default pace, and with whole crowds")
	showLogs = flag.Bool("logs", false, "print what the processes logged, not only on failure")
)

// patience is how long something that has to happen may take: enough for a
// machine that is busy with other things, since it is never waited for in vain.
const patience = 30 * time.Second

// rollcall is the path of the command, built once.
var rollcall string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "rollcall-processtest")
	if err == nil {
		defer os.RemoveAll(dir)
		rollcall = filepath.Join(dir, "rollcall")
		err = build(rollcall)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "processtest:", err)
		return 1
	}
	return m.Run()
}

// build builds the command, with the race detector if the tests have it.
func build(path string) error {
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "../../cmd/rollcall")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build cmd/rollcall: %w\n%s", err, out)
	}
	return nil
}
